#ifndef OMNI_BANNED_H
#define OMNI_BANNED_H

/*
 * Forced into every file with -include: functions that overflow, keep hidden
 * state, read the time zone of the process or start a shell.  Use buf.h,
 * clock.h, zone.h and child.h instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll gmtime localtime ctime asctime mktemp tmpnam
#pragma GCC poison system popen

#endif

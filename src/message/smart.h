#ifndef OMNI_SMART_H
#define OMNI_SMART_H

#include <stdint.h>

/*
 * What Twilio's Smart Encoding writes in place of a character that only looks
 * like one of GSM-7: one to seven characters of GSM-7, or none.  NULL when its
 * table does not have the character.
 */
const char *smart_replacement(uint32_t c);

#endif

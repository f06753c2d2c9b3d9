#ifndef OMNI_MAIL_SNS_H
#define OMNI_MAIL_SNS_H

#include <stdbool.h>

#include "base/record.h"

/*
 * What SES tells by mail, where somebody has SNS send it so: the notification
 * stands in the text as JSON, followed by words for people.  Adds recipients
 * as mail_report.h has them; a complaint's have the action "complaint".  `id`
 * gets SES's id of the message.  False: it is no such text.
 */
bool mail_sns_read(const char *text, struct value *recipients, char id[128]);

#endif

#ifndef OMNI_SIMULATOR_TWILIO_H
#define OMNI_SIMULATOR_TWILIO_H

#include <stdbool.h>

#include "base/clock.h"
#include "simulator.h"

/* What Twilio's resources have in common. */
#define TWILIO_DATE	40

char *twilio_date(instant t, char out[TWILIO_DATE]);
/* A parameter that is there and not empty, or NULL. */
const char *twilio_given(const struct exchange *x, const char *name);
void twilio_note_unknown(struct exchange *x, const char *const known[]);
bool twilio_is_address(const char *to);
void twilio_take_callback(struct exchange *x);
int twilio_magic_to(const char *to);
int twilio_magic_from(const char *from);
/* The code that the request is refused with; 0: it is accepted. */
int twilio_code_now(const char *what);
/* Under the lock of the store. */
void twilio_show_message(struct exchange *x, const struct message *m);
void twilio_show_call(struct exchange *x, const struct message *m);
char *twilio_sid(struct exchange *x);

#endif

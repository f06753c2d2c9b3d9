#ifndef OMNI_SIMULATOR_SETTINGS_H
#define OMNI_SIMULATOR_SETTINGS_H

#include "simulator.h"

/*
 * How callbacks are made, from the command line or through /_control:
 *
 *	on	"true" and "on", or "false" and "off"
 *	delay	milliseconds from one status to the next
 *	mode	words with commas between them; "" or "plain": none of them
 */
int settings_callbacks(struct settings *set, const char *name,
    const char *value, struct error *e);

#endif

#ifndef OMNI_TRIAL_H
#define OMNI_TRIAL_H

#include "base/program.h"

/*
 * For filter_run(): renders one template that a line brings along, for trying
 * templates.  Members: template, data (an object), format ("html" or "text",
 * the default), missing ("error", the default; "empty"; or a text to put
 * there), templates (an object of texts for include and extends), language,
 * timezone, currency.  The line becomes {"result": "…"} or {"error": {…}}.
 * f->ctx is the configuration, for what is not given; where missing is not
 * "error", Django's way is asked for, and its language, English.
 */
void trial_record(struct filter *f, struct record *r);

#endif

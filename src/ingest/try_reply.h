#ifndef OMNI_TRY_REPLY_H
#define OMNI_TRY_REPLY_H

#include "base/program.h"
#include "message/reply.h"

/*
 * `omni-ingest --try reply`: of each record {"body", "language"} on standard
 * input, {"intent", "text"}: what an answer would be taken for, and what is
 * left of it without quotes and signature.  Nothing is written anywhere else.
 * Returns the exit status of a filter.
 */
int try_reply(const struct program *p);

/*
 * The name that --try gives an intent: a call for help is a question, and a
 * wrong number unclear.
 */
const char *try_reply_intent(enum reply_intent intent);

#endif

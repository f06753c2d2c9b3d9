#ifndef OMNI_CODES_IMPL_H
#define OMNI_CODES_IMPL_H

#include "provider/provider_impl.h"

/* Short words for tables of `struct code`; only the files that have one. */

#define NONE	OUTCOME_MAX
#define REFUSED	OUTCOME_REFUSED
#define ADDRESS	OUTCOME_ADDRESS
#define OPTOUT	OUTCOME_OPTOUT
#define LATER	OUTCOME_LATER
#define SETUP	OUTCOME_SETUP
#define UNKNOWN	OUTCOME_UNKNOWN
#define OUTAGE	CODE_OUTAGE
#define FORWARD	CODE_FORWARD
#define MINUTE	60
#define HOUR	3600
#define DAY	86400

#endif

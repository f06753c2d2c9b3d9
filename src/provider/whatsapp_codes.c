/*
 * Error codes of WhatsApp's Cloud API and what they mean for a message.
 *
 * What a code says is told by
 * developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes, and of
 * codes below 1000 by developers.facebook.com/docs/graph-api/guides/
 * error-handling.  What is to be done about it is our reading.
 *
 * Meta does not say which code comes where: the same one may answer a request
 * and come in a status "failed" later.  Both columns are filled; they differ
 * where an answer leaves open what became of the message.
 */
#include "codes_impl.h"

static const struct code codes[] = {
	/* The Graph API's own. */
	{ 0, 0, SETUP, SETUP, 0, 0 },
	{ 1, 2, UNKNOWN, LATER, 0, OUTAGE },
	{ 3, 0, SETUP, SETUP, 0, 0 },
	{ 4, 0, LATER, LATER, MINUTE, 0 },
	{ 10, 0, SETUP, SETUP, 0, 0 },
	{ 17, 0, LATER, LATER, MINUTE, 0 },
	{ 32, 0, LATER, LATER, MINUTE, 0 },
	{ 33, 0, SETUP, SETUP, 0, 0 },
	{ 100, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 102, 0, SETUP, SETUP, 0, 0 },
	{ 190, 0, SETUP, SETUP, 0, 0 },
	{ 200, 299, SETUP, SETUP, 0, 0 },
	{ 341, 0, LATER, LATER, MINUTE, 0 },
	{ 368, 0, SETUP, SETUP, 0, 0 },
	{ 613, 0, LATER, LATER, MINUTE, 0 },

	/* Of the account and its rates. */
	{ 80007, 0, LATER, LATER, MINUTE, 0 },
	{ 130429, 0, LATER, LATER, 0, 0 },

	/* This business has blocked that person. */
	{ 130403, 0, ADDRESS, ADDRESS, 0, 0 },
	/* One of the people in an experiment of Meta's, who get nothing. */
	{ 130472, 0, REFUSED, REFUSED, 0, FORWARD },
	/* A country that the business may not write to. */
	{ 130497, 0, REFUSED, REFUSED, 0, FORWARD },

	{ 131000, 0, UNKNOWN, LATER, 0, OUTAGE },
	{ 131005, 0, SETUP, SETUP, 0, 0 },
	{ 131008, 131009, REFUSED, REFUSED, 0, FORWARD },
	{ 131016, 0, LATER, LATER, 0, OUTAGE },
	{ 131021, 0, REFUSED, REFUSED, 0, 0 },
	/* Not on WhatsApp, or too old a version, or terms not accepted. */
	{ 131026, 0, ADDRESS, ADDRESS, 0, FORWARD },
	/* A test number, which writes to a list of people only. */
	{ 131030, 0, SETUP, SETUP, 0, FORWARD },
	{ 131031, 0, SETUP, SETUP, 0, 0 },
	{ 131037, 0, SETUP, SETUP, 0, 0 },
	{ 131042, 0, SETUP, SETUP, 0, 0 },
	{ 131045, 0, SETUP, SETUP, 0, 0 },
	/* The window closed meanwhile: only a template would do. */
	{ 131047, 0, REFUSED, REFUSED, 0, FORWARD },
	/* People blocked or reported the number too often. */
	{ 131048, 0, SETUP, SETUP, 0, 0 },
	/* Held back for this person; asking again at once is of no use. */
	{ 131049, 0, LATER, LATER, DAY, FORWARD },
	/* Stopped what this business has to advertise. */
	{ 131050, 0, OPTOUT, OPTOUT, 0, CODE_MARKETING },
	{ 131051, 0, REFUSED, REFUSED, 0, FORWARD },
	/* Media that Meta could not fetch. */
	{ 131052, 131053, LATER, LATER, 5 * MINUTE, FORWARD },
	/* Too many to this person: one in 6 seconds is given back. */
	{ 131056, 0, LATER, LATER, 6, 0 },
	/* The number is being moved, which takes about a minute. */
	{ 131057, 0, LATER, LATER, MINUTE, 0 },
	{ 131063, 131064, SETUP, SETUP, 0, 0 },

	/* Templates; what is wrong with one need not stop the others. */
	{ 132000, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 132001, 0, SETUP, SETUP, 0, FORWARD },
	{ 132005, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 132007, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 132012, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 132015, 132016, SETUP, SETUP, 0, FORWARD },
	{ 132018, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 132068, 0, SETUP, SETUP, 0, FORWARD },
	{ 132069, 0, LATER, LATER, HOUR, FORWARD },

	/* Registration; of 133004 Meta's server is at fault. */
	{ 133000, 133003, SETUP, SETUP, 0, 0 },
	{ 133004, 0, LATER, LATER, 0, OUTAGE },
	{ 133005, 133016, SETUP, SETUP, 0, 0 },

	{ 134011, 0, SETUP, SETUP, 0, 0 },
	{ 135000, 0, REFUSED, REFUSED, 0, FORWARD },
};

const struct code *
whatsapp_code(int64_t code)
{
	return code_find(codes, sizeof(codes) / sizeof(codes[0]), code);
}

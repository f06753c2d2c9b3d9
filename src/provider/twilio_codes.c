/*
 * Twilio's error codes and what they mean for a message.
 *
 * What a code says is told by its page, twilio.com/docs/api/errors/CODE, and
 * in one line by Twilio's error dictionary (twilio.com/docs/api/errors).  What
 * is to be done about it is our reading; where a page tells, it is named.
 *
 * `answer` is what the code means as the answer to a request: not sent.
 * `receipt` is what it means of a message that Twilio had accepted and then
 * reports as failed or undelivered.  A Messaging Service accepts first and
 * looks afterwards, so that most answers may come as receipts as well.
 */
#include "codes_impl.h"

static const struct code codes[] = {
	/* Rates: docs/api/errors/14107, 20429; "never processed". */
	{ 14107, 0, LATER, LATER, 0, 0 },
	{ 20429, 0, LATER, LATER, 0, 0 },

	/* Account, credentials, request: docs/api/errors/20001 to 20503. */
	{ 20001, 0, REFUSED, NONE, 0, 0 },
	{ 20003, 20004, SETUP, NONE, 0, 0 },
	{ 20005, 20006, SETUP, SETUP, 0, 0 },
	{ 20008, 0, SETUP, NONE, 0, 0 },
	{ 20101, 20107, SETUP, NONE, 0, 0 },
	{ 20403, 20404, SETUP, NONE, 0, 0 },
	{ 20500, 0, UNKNOWN, LATER, 0, OUTAGE },
	{ 20503, 0, UNKNOWN, LATER, 0, OUTAGE },
	{ 12400, 0, UNKNOWN, LATER, 0, OUTAGE },
	{ 30112, 0, SETUP, SETUP, 0, 0 },

	/* Media that Twilio fetches: docs/api/errors/11200 to 11751. */
	{ 11200, 0, LATER, LATER, 5 * MINUTE, FORWARD },
	{ 11205, 11206, LATER, LATER, 5 * MINUTE, FORWARD },
	{ 11210, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 11215, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 11220, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 11235, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 11237, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 11751, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 12300, 0, REFUSED, REFUSED, 0, FORWARD },

	/* Calls: docs/api/errors/21201 to 21220. */
	{ 21201, 0, REFUSED, NONE, 0, 0 },
	/* This country must not be called: FORWARD says so. */
	{ 21203, 0, SETUP, NONE, 0, FORWARD },
	{ 21205, 0, REFUSED, NONE, 0, 0 },
	{ 21210, 0, SETUP, NONE, 0, 0 },
	/* No way there now; the number itself may be good. */
	{ 21214, 0, REFUSED, NONE, 0, FORWARD },
	{ 21215, 0, SETUP, NONE, 0, FORWARD },
	/* On Twilio's own list of numbers that it does not call. */
	{ 21216, 0, REFUSED, NONE, 0, FORWARD },
	{ 21218, 0, SETUP, NONE, 0, 0 },
	{ 21220, 0, REFUSED, NONE, 0, 0 },

	/* Numbers: docs/api/errors/21211 to 21614. */
	{ 21211, 0, ADDRESS, ADDRESS, 0, FORWARD },
	{ 21212, 21213, SETUP, SETUP, 0, 0 },
	{ 21217, 0, ADDRESS, ADDRESS, 0, FORWARD },
	{ 21219, 0, SETUP, SETUP, 0, FORWARD },
	{ 21401, 0, ADDRESS, ADDRESS, 0, FORWARD },
	{ 21402, 21403, SETUP, NONE, 0, 0 },
	/* One country alone may be closed: FORWARD says so. */
	{ 21408, 0, SETUP, SETUP, 0, FORWARD },
	{ 21601, 0, SETUP, SETUP, 0, 0 },
	{ 21602, 0, REFUSED, REFUSED, 0, 0 },
	{ 21603, 0, SETUP, SETUP, 0, 0 },
	{ 21604, 0, REFUSED, REFUSED, 0, 0 },
	{ 21605, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 21606, 21607, SETUP, SETUP, 0, 0 },
	{ 21608, 0, SETUP, SETUP, 0, FORWARD },
	{ 21609, 0, SETUP, NONE, 0, 0 },
	/* The recipient replied STOP. */
	{ 21610, 0, OPTOUT, OPTOUT, 0, 0 },
	/* More than four hours of messages wait for this sender. */
	{ 21611, 0, LATER, LATER, 2 * HOUR, FORWARD },
	/* This pair of sender and recipient has no route. */
	{ 21612, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 21613, 0, SETUP, SETUP, 0, 0 },
	/* A landline. */
	{ 21614, 0, ADDRESS, ADDRESS, 0, FORWARD },
	{ 21615, 21616, SETUP, SETUP, 0, 0 },

	/* Contents: docs/api/errors/21617 to 21658. */
	{ 21617, 21618, REFUSED, REFUSED, 0, FORWARD },
	{ 21619, 0, REFUSED, REFUSED, 0, 0 },
	{ 21620, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 21621, 21622, SETUP, SETUP, 0, FORWARD },
	{ 21623, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 21654, 21656, REFUSED, REFUSED, 0, 0 },
	{ 21657, 0, SETUP, SETUP, 0, 0 },
	{ 21658, 0, REFUSED, REFUSED, 0, FORWARD },

	/* Messaging Services: docs/api/errors/21703 to 21715. */
	{ 21703, 21705, SETUP, SETUP, 0, 0 },
	{ 21710, 21715, SETUP, SETUP, 0, 0 },

	/* Delivery: docs/api/errors/30001 to 30036. */
	{ 30001, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	{ 30002, 0, SETUP, SETUP, 0, 0 },
	/* Switched off or out of reach: some tries over hours. */
	{ 30003, 0, LATER, LATER, HOUR, FORWARD },
	/* By the carrier or by the person. */
	{ 30004, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 30005, 0, ADDRESS, ADDRESS, 0, FORWARD },
	/* A landline, or a carrier that cannot be reached. */
	{ 30006, 0, REFUSED, REFUSED, 0, FORWARD },
	/* Taken for spam: the same again harms the sender. */
	{ 30007, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 30008, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	/* MaxPrice, which we never ask for. */
	{ 30010, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 30011, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 30012, 30013, REFUSED, REFUSED, 0, 0 },
	{ 30014, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 30015, 30016, SETUP, SETUP, 0, 0 },
	{ 30017, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	{ 30018, 0, SETUP, SETUP, 0, FORWARD },
	{ 30019, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 30020, 30021, UNKNOWN, LATER, 0, OUTAGE },
	{ 30022, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	/* The day of T-Mobile and of 10DLC ends at midnight, US Pacific. */
	{ 30023, 0, LATER, LATER, 6 * HOUR, FORWARD },
	{ 30024, 0, SETUP, SETUP, 0, FORWARD },
	{ 30027, 0, LATER, LATER, 6 * HOUR, FORWARD },
	{ 30028, 30031, REFUSED, REFUSED, 0, 0 },
	{ 30032, 30035, SETUP, SETUP, 0, FORWARD },
	{ 30036, 0, LATER, LATER, 10 * MINUTE, FORWARD },

	/* Shortened links, which we never ask for: 30100 to 30115. */
	{ 30100, 30102, SETUP, SETUP, 0, 0 },
	{ 30103, 0, LATER, LATER, 0, 0 },
	{ 30106, 30108, SETUP, SETUP, 0, 0 },
	{ 30109, 0, SETUP, SETUP, 0, 0 },
	{ 30110, 30111, REFUSED, REFUSED, 0, FORWARD },
	{ 30113, 30115, REFUSED, REFUSED, 0, 0 },

	/* docs/api/errors/30400 to 30450. */
	{ 30400, 0, REFUSED, REFUSED, 0, 0 },
	{ 30409, 0, REFUSED, REFUSED, 0, 0 },
	/* The carrier did not answer: it may have arrived. */
	{ 30410, 0, UNKNOWN, UNKNOWN, 0, 0 },
	{ 30440, 0, SETUP, SETUP, 0, 0 },
	{ 30450, 0, REFUSED, REFUSED, 0, FORWARD },

	/* Scheduling, which we never ask for: 35111 to 35126. */
	{ 35111, 35126, REFUSED, REFUSED, 0, 0 },

	/* WhatsApp and other channels: docs/api/errors/63001 to 63051. */
	{ 63001, 63002, SETUP, SETUP, 0, 0 },
	{ 63003, 0, ADDRESS, ADDRESS, 0, FORWARD },
	{ 63005, 63006, REFUSED, REFUSED, 0, FORWARD },
	{ 63007, 63008, SETUP, SETUP, 0, 0 },
	{ 63009, 63010, LATER, LATER, 10 * MINUTE, OUTAGE | FORWARD },
	{ 63012, 0, LATER, LATER, 10 * MINUTE, OUTAGE | FORWARD },
	{ 63013, 0, SETUP, SETUP, 0, FORWARD },
	/* Blocked by the person, on this channel. */
	{ 63014, 0, REFUSED, REFUSED, 0, 0 },
	{ 63015, 0, SETUP, SETUP, 0, FORWARD },
	/* Outside the 24 hours. */
	{ 63016, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 63017, 63018, LATER, LATER, MINUTE, 0 },
	{ 63019, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	{ 63020, 0, SETUP, SETUP, 0, 0 },
	{ 63021, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 63022, 0, SETUP, SETUP, 0, 0 },
	{ 63023, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	{ 63024, 0, ADDRESS, ADDRESS, 0, FORWARD },
	{ 63025, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 63026, 0, SETUP, SETUP, 0, FORWARD },
	{ 63027, 63028, SETUP, SETUP, 0, FORWARD },
	{ 63029, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	{ 63030, 63031, REFUSED, REFUSED, 0, 0 },
	/* A limit of WhatsApp's for this person: a day at least. */
	{ 63032, 0, LATER, LATER, DAY, FORWARD },
	{ 63033, 0, REFUSED, REFUSED, 0, 0 },
	{ 63034, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 63035, 0, SETUP, SETUP, 0, FORWARD },
	{ 63036, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 63037, 0, LATER, LATER, 10 * MINUTE, FORWARD },
	{ 63038, 0, LATER, LATER, 6 * HOUR, FORWARD },
	{ 63040, 63042, SETUP, SETUP, 0, FORWARD },
	{ 63043, 0, REFUSED, REFUSED, 0, FORWARD },
	{ 63051, 0, SETUP, SETUP, 0, 0 },
};

const struct code *
twilio_code(int64_t code)
{
	return code_find(codes, sizeof(codes) / sizeof(codes[0]), code);
}

#ifndef OMNI_SNS_H
#define OMNI_SNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/record.h"

/*
 * Amazon SNS, which brings what SES has to say: the envelope of a webhook, and
 * whether it is Amazon's.  Pure functions, no I/O.
 */
#define SNS_BODY_BYTES	(256 * 1024)
#define SNS_ID_MAX	100
#define SNS_URL_MAX	2000
#define SNS_PEM_MAX	(64 * 1024)

enum sns_type {
	SNS_NOTIFICATION,
	SNS_SUBSCRIPTION,	/* confirms that this URL wants the topic */
	SNS_UNSUBSCRIPTION	/* the topic comes here no more */
};

struct sns {
	struct value *root;
	enum sns_type type;
	/* Lent from `root`. */
	const char *id, *topic, *message, *timestamp, *certificate;
	const char *subscribe;	/* NULL in a notification */
};

/*
 * The envelope, its URLs checked: they lead to SNS and nowhere else.  -1: it is
 * none, and nothing has to be released.  Nothing in it is proved before
 * sns_check().
 */
int sns_read(struct sns *m, const char *body, size_t len, struct error *e);
void sns_release(struct sns *m);

/*
 * The [provider NAME] of kind ses whose sns_topic lists the topic, or NULL.
 * `any`, unless it is NULL, tells whether any section lists one at all.
 */
const char *sns_provider(const struct config *c, const char *topic,
    bool *any);

/* Whether it is a certificate, PEM, with a key that SNS could sign by. */
bool sns_is_certificate(const char *pem, size_t len);
/*
 * Whether the owner of the certificate has signed it, and the certificate was
 * valid, and the envelope fresh, when it came.  -1 and EX_DATAERR.
 */
int sns_check(const struct sns *m, const char *pem, size_t len,
    instant received, struct error *e);

#endif

#include "sns_inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "provider/ses_hook.h"
#include "provider/sns.h"
#include "send/certificates.h"
#include "send/fetch.h"

#define ANSWER_MAX	(256 * 1024)	/* to a confirmation */

struct sns_inbox {
	struct config *config;
	struct certificates *certificates;
};

struct sns_inbox *
sns_inbox_open(struct config *c)
{
	struct sns_inbox *s = calloc(1, sizeof(*s));

	if (s == NULL)
		die(EX_OSERR, "out of memory");
	s->config = c;
	s->certificates = certificates_open(c);
	return s;
}

void
sns_inbox_close(struct sns_inbox *s)
{
	if (s == NULL)
		return;
	certificates_close(s->certificates);
	free(s);
}

void
sns_inbox_prepare(struct sns_inbox *s, const char *body, size_t len)
{
	struct error ignored;
	const char *name;
	struct sns m;

	if (sns_read(&m, body, len, &ignored) == -1)
		return;
	name = sns_provider(s->config, m.topic, NULL);
	if (name != NULL)
		certificates_fetch(s->certificates, name, m.certificate);
	sns_release(&m);
}

static struct value *
subscription(const struct sns *m)
{
	struct value *events = value_new_array();
	struct value *event = value_new_object();
	char key[SNS_ID_MAX + 8], at[CLOCK_TEXT];
	instant t;

	value_set_string(event, "kind", m->type == SNS_SUBSCRIPTION ?
	    "subscription" : "unsubscription");
	value_set_string(event, "provider", "ses");
	value_set_string(event, "channel_type", "email");
	value_set_string(event, "topic", m->topic);
	value_set_string(event, "subscribe_url", m->subscribe);
	if (clock_parse(m->timestamp, &t))
		value_set_string(event, "at", clock_format(t, at));
	snprintf(key, sizeof(key), "ses:%s", m->id);
	value_set_string(event, "key", key);
	value_append_take(events, event);
	return events;
}

/* Once it is known to be SNS's, or to be taken for that. */
static int
read_events(const struct sns *m, struct value **events, struct error *e)
{
	if (m->type == SNS_NOTIFICATION)
		return ses_hook_read(m->message, strlen(m->message), m->id,
		    events, e);
	*events = subscription(m);
	return 0;
}

static int
read_checked(struct sns_inbox *s, const struct sns *m, instant received,
    struct value **events, struct error *e)
{
	const char *name = sns_provider(s->config, m->topic, NULL);
	const struct buf *pem;

	/* The configuration may have changed since it was taken. */
	if (name == NULL)
		return error_set(e, EX_DATAERR, "TopicArn: %.300s: no "
		    "[provider] has it as sns_topic", m->topic);
	pem = certificates_get(s->certificates, name, m->certificate, e);
	if (pem == NULL || sns_check(m, buf_text(pem), pem->len, received,
	    e) == -1)
		return -1;
	return read_events(m, events, e);
}

int
sns_inbox_look(struct sns_inbox *s, const char *body, size_t len,
    instant received, struct value **events, struct error *unchecked,
    struct error *e)
{
	struct sns m;
	int rc;

	*events = NULL;
	unchecked->text[0] = '\0';
	certificates_stay_offline(s->certificates);
	sns_inbox_prepare(s, body, len);
	if (sns_read(&m, body, len, e) == -1)
		return -1;
	rc = read_checked(s, &m, received, events, e);
	if (rc == -1 && e->status == EX_TEMPFAIL) {
		*unchecked = *e;
		rc = read_events(&m, events, e);
	}
	sns_release(&m);
	return rc;
}

int
sns_inbox_read(struct sns_inbox *s, const char *body, size_t len,
    instant received, struct value **events, struct error *e)
{
	struct sns m;
	int rc;

	*events = NULL;
	if (sns_read(&m, body, len, e) == -1)
		return -1;
	rc = read_checked(s, &m, received, events, e);
	sns_release(&m);
	return rc;
}

int
sns_inbox_confirm(struct sns_inbox *s, const struct value *event,
    struct error *e)
{
	const char *topic = value_get_string(event, "topic");
	const char *kind = value_get_string(event, "kind"), *name;
	struct buf answer = BUF_INIT(ANSWER_MAX);
	struct error why;
	int status;

	if (kind == NULL || strcmp(kind, "subscription") != 0)
		return error_set(e, EX_DATAERR, "Type: not "
		    "SubscriptionConfirmation");
	name = sns_provider(s->config, topic, NULL);
	if (name == NULL)
		return error_set(e, EX_DATAERR, "TopicArn: %.300s: no "
		    "[provider] has it as sns_topic", topic);
	status = fetch(s->config, name, value_get_string(event,
	    "subscribe_url"), &answer, &why);
	buf_release(&answer);
	if (status == -1)
		return error_set(e, why.status, "SubscribeURL: %.400s",
		    why.text);
	if (status == 200)
		return 0;
	/* A token that is older than three days, or was used, is no more. */
	return error_set(e, status >= 500 || status == 429 || status == 408 ?
	    EX_TEMPFAIL : EX_DATAERR, "SubscribeURL: SNS says %d", status);
}

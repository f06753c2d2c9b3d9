/*
 * Source: docs.aws.amazon.com/ses/latest/dg, "Contents of event data that
 * Amazon SES publishes to Amazon SNS" (eventType) and "Amazon SNS notification
 * contents" (notificationType).
 */
#include "ses_hook.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sns.h"
#include "whatsapp_hook_impl.h"

#define REFERENCE_MAX	512
#define TITLE_MAX	500
#define CODE_MAX	80
#define WORD_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789-"

/* An event of SES's, and the recipient at hand. */
struct fact {
	const struct kind *kind;
	const struct value *mail, *detail;
	const char *id;			/* of SNS */
	const struct value *recipient;	/* an object, a string, or NULL */
	const char *address;		/* its, or NULL */
	struct value *event;
};

/*
 * A kind sets more than the status in its table, or changes it; false: this
 * one tells nothing of the fate of a mail.
 */
static bool read_bounce(struct fact *f);
static bool read_complaint(struct fact *f);
static bool read_reject(struct fact *f);
static bool read_failure(struct fact *f);
static bool read_opened(struct fact *f);
static bool read_delay(struct fact *f);

/* All that tell it; a delayed mail is still on its way. */
static const struct kind {
	const char *name, *member, *list, *status;
	bool (*read)(struct fact *f);
} kinds[] = {
	{ "Send", "send", NULL, "accepted", NULL },
	{ "Delivery", "delivery", "recipients", "delivered", NULL },
	{ "Bounce", "bounce", "bouncedRecipients", "failed", read_bounce },
	{ "Complaint", "complaint", "complainedRecipients", "complained",
	  read_complaint },
	{ "Reject", "reject", NULL, "failed", read_reject },
	{ "Rendering Failure", "failure", NULL, "failed", read_failure },
	{ "Open", "open", NULL, "read", read_opened },
	{ "Click", "click", NULL, "read", read_opened },
	{ "DeliveryDelay", "deliveryDelay", "delayedRecipients", "accepted",
	  read_delay }
};

bool
ses_hook_reference(const char *tag, char *out, size_t size)
{
	char digits[3] = "";
	size_t n = 0;

	for (; *tag != '\0'; tag++) {
		if (n + 1 >= size)
			return false;
		if (*tag != '@') {
			out[n++] = *tag;
			continue;
		}
		if (!isxdigit((unsigned char)tag[1]) ||
		    !isxdigit((unsigned char)tag[2]))
			return false;
		memcpy(digits, tag + 1, 2);
		out[n++] = (char)strtol(digits, NULL, 16);
		tag += 2;
	}
	out[n] = '\0';
	/* A NUL, which no id has, would make it shorter. */
	return n > 0 && strlen(out) == n && utf8_valid(out, n);
}

static bool
is_word(const char *s)
{
	return s != NULL && s[0] != '\0' && s[strspn(s, WORD_CHARS)] == '\0';
}

/* "Permanent.NoEmail": for the ledger, so only what can be read there. */
static void
put_code(struct fact *f, const char *type, const char *subtype)
{
	char code[CODE_MAX];

	if (!is_word(type))
		return;
	snprintf(code, sizeof(code), "%s%s%s", type, is_word(subtype) ? "." :
	    "", is_word(subtype) ? subtype : "");
	value_set_string(f->event, "code", code);
}

/* The far end's words, cut between two characters. */
static void
put_title(struct value *event, const char *s)
{
	char title[TITLE_MAX];
	size_t len = 0, n;

	if (s == NULL || s[0] == '\0')
		return;
	while (s[len] != '\0' && (n = utf8_length(s + len,
	    strlen(s + len))) > 0 && len + n < sizeof(title))
		len += n;
	memcpy(title, s, len);
	title[len] = '\0';
	value_set_string(event, "title", title);
}

static bool
says(const char *s, const char *word)
{
	return s != NULL && strcmp(s, word) == 0;
}

/* "Ana <ana@example.net>": the address alone, its length in *len. */
static const char *
bare(const char *s, size_t *len)
{
	const char *open = strrchr(s, '<'), *close;

	close = open == NULL ? NULL : strchr(open, '>');
	if (close != NULL)
		s = open + 1;
	*len = close == NULL ? strlen(s) : (size_t)(close - s);
	return s;
}

/*
 * Whether we wrote to that address.  A bounce names the last one of a chain,
 * and that of somebody to whom the mail was passed on is not ours to judge.
 */
static bool
is_addressed(const struct fact *f)
{
	const struct value *all = value_get(f->mail, "destination");
	size_t ours_len, their_len;
	const char *ours, *theirs;

	if (f->address == NULL)
		return false;
	theirs = bare(f->address, &their_len);
	for (size_t i = 0; i < value_count(all); i++) {
		ours = value_string(value_at(all, i));
		if (ours == NULL)
			continue;
		ours = bare(ours, &ours_len);
		if (ours_len == their_len &&
		    strncasecmp(ours, theirs, ours_len) == 0)
			return true;
	}
	return false;
}

static void
put_server_words(struct fact *f)
{
	const char *status = value_get_string(f->recipient, "status");

	if (status != NULL && strlen(status) < 16 &&
	    status[strspn(status, "0123456789.")] == '\0' && *status != '\0')
		value_set_string(f->event, "mail_status", status);
	put_title(f->event, value_get_string(f->recipient, "diagnosticCode"));
}

/*
 * A bounce is the end of the mail; a permanent one is that of the address too,
 * but where Amazon did not even try.  Then the list of the account says what
 * every later mail will get, while the one that Amazon has for all of its
 * customers forgets within days.
 */
static bool
read_bounce(struct fact *f)
{
	const char *type = value_get_string(f->detail, "bounceType");
	const char *sub = value_get_string(f->detail, "bounceSubType");
	bool dead = says(sub, "General") || says(sub, "NoEmail");
	bool tried = !says(sub, "Suppressed") &&
	    !says(sub, "OnAccountSuppressionList");

	put_code(f, type, sub);
	put_server_words(f);
	if (!says(type, "Permanent"))
		return true;
	if (tried)
		value_set_string(f->event, "status", "bounced");
	if ((dead || says(sub, "OnAccountSuppressionList")) && is_addressed(f))
		value_set_bool(f->event, "dead", true);
	return true;
}

/* Of an address that complained before, the mail was never sent. */
static bool
read_complaint(struct fact *f)
{
	const char *type = value_get_string(f->detail,
	    "complaintFeedbackType");
	const char *sub = value_get_string(f->detail, "complaintSubType");

	if (says(type, "not-spam"))
		return false;
	put_code(f, "Complaint", is_word(sub) ? sub : type);
	if (says(sub, "OnAccountSuppressionList")) {
		value_set_string(f->event, "status", "failed");
		value_set_string(f->event, "opt_out", "all");
	}
	return true;
}

static bool
read_reject(struct fact *f)
{
	put_code(f, "Reject", NULL);
	put_title(f->event, value_get_string(f->detail, "reason"));
	return true;
}

static bool
read_failure(struct fact *f)
{
	put_code(f, "RenderingFailure", NULL);
	put_title(f->event, value_get_string(f->detail, "errorMessage"));
	return true;
}

static bool
read_opened(struct fact *f)
{
	hook_put_given(f->event, "user_agent", f->detail, "userAgent");
	hook_put_given(f->event, "link", f->detail, "link");
	return true;
}

static bool
read_delay(struct fact *f)
{
	put_code(f, "DeliveryDelay", value_get_string(f->detail,
	    "delayType"));
	put_server_words(f);
	return true;
}

static void
put_time(struct fact *f)
{
	const char *s = value_get_string(f->detail, "timestamp");
	char text[CLOCK_TEXT];
	instant t;

	if (s == NULL)
		s = value_get_string(f->mail, "timestamp");
	/* Before 2001 or after 2100 it is no time of a mail. */
	if (s != NULL && clock_parse(s, &t) && t > 978307200 && t < 4102444800)
		value_set_string(f->event, "at", clock_format(t, text));
}

static void
put_reference(struct fact *f)
{
	const struct value *tags = value_get(f->mail, "tags");
	const char *tag = value_string(value_at(value_get(tags, "ref"), 0));
	char reference[REFERENCE_MAX];

	if (tag != NULL && ses_hook_reference(tag, reference,
	    sizeof(reference)))
		value_set_string(f->event, "reference", reference);
}

static struct value *
new_event(const char *kind)
{
	struct value *event = value_new_object();

	value_set_string(event, "kind", kind);
	value_set_string(event, "provider", "ses");
	value_set_string(event, "channel_type", "email");
	return event;
}

/* The n-th recipient's event into f->event; false: it says nothing of fate. */
static bool
read_one(struct fact *f, size_t n)
{
	char key[SNS_ID_MAX + 32];

	f->address = value_type(f->recipient) == VALUE_STRING ?
	    value_string(f->recipient) :
	    value_get_string(f->recipient, "emailAddress");
	f->event = new_event("status");
	value_set_string(f->event, "provider_id", value_get_string(f->mail,
	    "messageId"));
	value_set_string(f->event, "status", f->kind->status);
	value_set_string(f->event, "raw_status", f->kind->name);
	if (f->kind->read != NULL && !f->kind->read(f)) {
		value_free(f->event);
		return false;
	}
	put_reference(f);
	if (f->address != NULL && f->address[0] != '\0')
		value_set_string(f->event, "to", f->address);
	put_time(f);
	snprintf(key, sizeof(key), "ses:%.*s:%zu", SNS_ID_MAX, f->id, n);
	value_set_string(f->event, "key", key);
	return true;
}

static const struct value *
recipients(const struct fact *f)
{
	const struct value *list = f->kind->list == NULL ? NULL :
	    value_get(f->detail, f->kind->list);

	if (value_type(list) != VALUE_ARRAY || value_count(list) == 0)
		list = value_get(f->mail, "destination");
	return value_type(list) == VALUE_ARRAY ? list : NULL;
}

static struct value *
other(const struct value *root, const char *field, const char *text)
{
	struct value *event = new_event("other");

	if (field != NULL && strlen(field) < CODE_MAX)
		value_set_string(event, "field", field);
	put_title(event, text);
	hook_put_raw(event, root);
	return event;
}

static int
read_fact(struct fact *f, const struct value *root, struct value *events,
    struct error *e)
{
	const struct value *list = recipients(f);
	size_t count = list == NULL ? 0 : value_count(list);

	if (count > SES_RECIPIENTS_MAX)
		return error_set(e, EX_DATAERR, "more than %d recipients",
		    SES_RECIPIENTS_MAX);
	for (size_t i = 0; i < count || i == 0; i++) {
		f->recipient = count == 0 ? NULL : value_at(list, i);
		value_append_take(events, read_one(f, i) ? f->event :
		    other(root, f->kind->name, NULL));
	}
	return 0;
}

static int
read_root(const struct value *root, const char *id, struct value *events,
    struct error *e)
{
	const char *type = value_get_string(root, "eventType");
	struct fact f = { .mail = value_get(root, "mail"), .id = id };

	if (type == NULL)
		type = value_get_string(root, "notificationType");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (says(type, kinds[i].name))
			f.kind = &kinds[i];
	if (f.kind == NULL ||
	    !hook_is_id(value_get_string(f.mail, "messageId"))) {
		value_append_take(events, other(root, type, NULL));
		return 0;
	}
	f.detail = value_get(root, f.kind->member);
	return read_fact(&f, root, events, e);
}

int
ses_hook_read(const char *message, size_t len, const char *id,
    struct value **events, struct error *e)
{
	struct buf text = BUF_INIT(8 * SNS_BODY_BYTES);
	struct value *root;
	struct error why;
	int rc = 0;

	hook_mend_escapes(&text, message, len);
	root = value_parse(buf_text(&text), text.len, &why);
	buf_release(&text);
	*events = value_new_array();
	/* SES tries a new topic with a plain sentence. */
	if (root == NULL)
		value_append_take(*events, other(NULL, NULL, message));
	else
		rc = read_root(root, id, *events, e);
	value_free(root);
	if (rc == -1) {
		value_free(*events);
		*events = NULL;
	}
	return rc;
}

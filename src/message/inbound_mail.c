#include "inbound_mail.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message/contact.h"
#include "message/email.h"
#include "message/reply.h"

#define KEYED_TOKEN	(LINK_MAIL_TOKEN - 1)
#define ADDRESS_SIZE	(EMAIL_MAX + 3)	/* with brackets */

struct finding {
	bool found, proven;
	const char *message, *provider, *provider_id, *hash, *contact;
	const char *by;		/* the token or id that it was found by */
	int64_t number;
};

bool
inbound_mail_is(const struct value *event)
{
	return value_get(event, "mail") != NULL;
}

static const char *
kept(struct ledger_rows *r, int column, struct arena *mem)
{
	return ledger_text(r, column) == NULL ? NULL :
	    arena_strdup(mem, ledger_text(r, column));
}

static void
take(struct ledger_rows *r, const char *by, bool proven, struct arena *mem,
    struct finding *f)
{
	if (ledger_next(r)) {
		f->found = true;
		f->proven = proven;
		f->by = by;
		f->message = kept(r, 0, mem);
		f->number = ledger_int(r, 1);
		f->provider = kept(r, 2, mem);
		f->provider_id = kept(r, 3, mem);
		f->hash = kept(r, 4, mem);
		f->contact = kept(r, 5, mem);
	}
	ledger_end(r);
}

/* Of several attempts only one that may have arrived can have come back. */
static void
find_by_token(struct ledger *l, const char *token, struct arena *mem,
    struct finding *f)
{
	take(ledger_select(l, "SELECT a.message, a.number, a.provider, "
	    "a.provider_id, m.hash, m.contact FROM attempt a JOIN message m "
	    "ON m.id = a.message WHERE a.token = ? ORDER BY "
	    "coalesce(a.outcome, 'unknown') IN ('accepted', 'unknown') DESC, "
	    "a.number DESC LIMIT 1", "s", token), token,
	    strlen(token) == KEYED_TOKEN, mem, f);
}

/* "<a=2F1@clinic.example>": the id that mime_message_id() made it of. */
static char *
decoded(const char *id, struct arena *mem)
{
	char *out = arena_strdup(mem, id + 1), *to = out, digits[3];
	unsigned int c;

	for (const char *s = id + 1; *s != '\0' && *s != '@'; s++) {
		digits[0] = s[0] == '=' ? s[1] : '\0';
		digits[1] = digits[0] == '\0' ? '\0' : s[2];
		digits[2] = '\0';
		if (strlen(digits) == 2 && sscanf(digits, "%2X", &c) == 1 &&
		    c != 0) {
			*to++ = (char)c;
			s += 2;
		} else
			*to++ = *s;
	}
	*to = '\0';
	return out;
}

/*
 * SES puts its own in the place of ours: what stands before the '@' is its id.
 * While an attempt is open the ledger has no id of it.
 */
static void
find_by_id(struct ledger *l, const char *id, struct arena *mem,
    struct finding *f)
{
	char *bare = arena_strndup(mem, id + 1, strcspn(id + 1, "@"));

	take(ledger_select(l, "SELECT a.message, a.number, a.provider, "
	    "a.provider_id, m.hash, m.contact FROM attempt a JOIN message m "
	    "ON m.id = a.message WHERE m.channel_type = 'email' AND "
	    "a.provider IN ('smtp', 'sendmail', 'maildir', 'ses', 'console') "
	    "AND a.provider_id IN (?, ?) LIMIT 1", "ss", id, bare), id, false,
	    mem, f);
	if (!f->found)
		take(ledger_select(l, "SELECT a.message, a.number, "
		    "a.provider, a.provider_id, m.hash, m.contact FROM "
		    "attempt a JOIN message m ON m.id = a.message WHERE "
		    "a.message = ? AND m.channel_type = 'email' ORDER BY "
		    "a.number DESC LIMIT 1", "s", decoded(id, mem)), id,
		    false, mem, f);
}

static void
find(struct ledger *l, const struct value *mail, struct arena *mem,
    struct finding *f)
{
	const struct value *tokens = value_get(mail, "tokens");
	const struct value *ids = value_get(mail, "ids");

	*f = (struct finding){ .found = false };
	for (size_t i = 0; i < value_count(tokens) && !f->found; i++)
		find_by_token(l, value_string(value_at(tokens, i)), mem, f);
	for (size_t i = 0; i < value_count(ids) && !f->found; i++)
		find_by_id(l, value_string(value_at(ids, i)), mem, f);
}

/* Of an address as somebody wrote it; false when it is none. */
static bool
hash_of(struct ledger *l, const char *address, struct arena *mem,
    char hash[DIGEST_HEX])
{
	const char *to, *why;

	if (address == NULL || !email_read(address, mem, &to, &why))
		return false;
	contact_address_hash(l, to, hash);
	return true;
}

static void
set_reference(struct value *event, const struct finding *f,
    struct arena *mem)
{
	value_set_string(event, "reference", arena_printf(mem, "%s.%lld",
	    f->message, (long long)f->number));
}

/* One of several recipients counts only if the message was for that one. */
static bool
is_of_another(struct ledger *l, const struct value *event,
    const struct finding *f, struct arena *mem)
{
	static const char *const names[] = { "to", "original_to" };
	char hash[DIGEST_HEX];
	int64_t among = 0;

	value_integer(value_get(event, "among"), &among);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (f->hash != NULL && hash_of(l, value_get_string(event,
		    names[i]), mem, hash) && strcmp(hash, f->hash) == 0)
			return false;
	return among > 1 && f->found;
}

static void
find_status(struct ledger *l, const struct value *mail, struct value *event,
    struct arena *mem)
{
	const struct value *ids = value_get(mail, "ids");
	struct finding f;

	find(l, mail, mem, &f);
	if (is_of_another(l, event, &f, mem)) {
		value_set_string(event, "kind", "other");
		value_set_string(event, "reason", "tells of another address "
		    "than the message was for");
		return;
	}
	if (!f.found) {
		value_set_bool(event, "unproven", true);
		value_set_string(event, "provider_id", value_count(ids) > 0 ?
		    value_string(value_at(ids, 0)) :
		    value_get_string(event, "key"));
		return;
	}
	value_set_string(event, "provider", f.provider);
	value_set_string(event, "provider_id", f.provider_id != NULL ?
	    f.provider_id : f.by[0] == '<' ? f.by :
	    arena_printf(mem, "mail:%s", f.by));
	set_reference(event, &f, mem);
	if (!f.proven)
		value_set_bool(event, "unproven", true);
}

/*
 * Unsubscribing
 */

static bool
is_to(const struct value *mail, const char *address)
{
	const struct value *all = value_get(mail, "recipients");

	for (size_t i = 0; i < value_count(all); i++)
		if (strcasecmp(value_string(value_at(all, i)), address) == 0)
			return true;
	return false;
}

/*
 * False: nothing in the subject is a token of ours.  One that has ended was
 * good once, and to stop is never too late.
 */
static bool
find_unsubscribe(const struct links *links, struct value *event,
    struct arena *mem)
{
	const char *s = value_get_string(event, "subject");
	enum link_status status;
	struct link link;
	size_t n;

	for (; s != NULL && *s != '\0'; s += n + (s[n] != '\0')) {
		n = strcspn(s, " \t");
		status = link_verify(links, LINK_UNSUBSCRIBE,
		    arena_strndup(mem, s, n), clock_now(), &link);
		if (status != LINK_GOOD && status != LINK_EXPIRED)
			continue;
		value_set_string(event, "kind", "unsubscribe");
		value_set_string(event, "message", link.id);
		value_remove(event, "subject");	/* it opens the door again */
		return true;
	}
	return false;
}

/*
 * Messages
 */

static bool
is_own(const struct config *c, const char *from)
{
	static const char *const keys[] = { "from", "reply_to" };
	const char *own, *at;
	size_t n = strlen(from);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		own = config_string(c, "mail", NULL, keys[i]);
		at = own == NULL ? NULL : strcasestr(own, from);
		if (at != NULL && (at == own || at[-1] == '<') &&
		    (at[n] == '\0' || at[n] == '>'))
			return true;
	}
	return false;
}

/* Whether the one who writes is whom the message was for. */
static bool
is_reader(struct ledger *l, const char *from, const struct finding *f,
    struct arena *mem)
{
	char hash[DIGEST_HEX];

	if (!hash_of(l, from, mem, hash))
		return false;
	return (f->hash != NULL && strcmp(f->hash, hash) == 0) ||
	    (f->contact != NULL && ledger_count(l, "SELECT count(*) FROM "
	    "contact_address WHERE contact = ? AND hash = ?", "ss",
	    f->contact, hash) > 0);
}

/*
 * "STOP" alone in the subject, over no text or the same: not in an answer,
 * whose subject is ours.
 */
static bool
is_stop_by_subject(const struct value *event)
{
	const char *subject = value_get_string(event, "subject");
	const char *text = value_get_string(event, "text");
	enum reply_intent said;

	if (subject == NULL || text == NULL ||
	    reply_classify(subject, strlen(subject)) != REPLY_STOP)
		return false;
	said = reply_classify(text, strlen(text));
	return said == REPLY_EMPTY || said == REPLY_STOP ||
	    value_get(event, "automatic") != NULL;
}

/* All that can be told of a mail without asking whom it answers. */
static void
understand(const struct config *c, const struct links *links,
    const struct value *mail, struct value *event, struct arena *mem)
{
	bool to_stop = links->mailto != NULL && is_to(mail, links->mailto);
	bool own = is_own(c, value_get_string(event, "from"));

	if (own)
		value_set_string(event, "automatic", "our own address");
	if (to_stop && find_unsubscribe(links, event, mem))
		return;
	/*
	 * By hand, or by a program with a button for it, which says that it is
	 * one: nobody's absence has this subject.
	 */
	if (is_stop_by_subject(event) && !own)
		value_remove(event, "automatic");
	else if (!to_stop || value_get(event, "automatic") != NULL)
		return;
	value_set_string(event, "opt_out_type", "STOP");
}

const char *
inbound_mail_kind(const struct config *c, const struct links *links,
    struct value *event, struct arena *mem)
{
	understand(c, links, value_get(event, "mail"), event, mem);
	if (strcmp(value_get_string(event, "kind"), "unsubscribe") == 0 ||
	    value_get(event, "opt_out_type") != NULL)
		return "unsubscribe";
	return value_get(event, "automatic") != NULL ? "auto" : "reply";
}

static void
find_message(struct ledger *l, const struct config *c,
    const struct links *links, const struct value *mail, struct value *event,
    struct arena *mem)
{
	struct finding f;

	understand(c, links, mail, event, mem);
	if (strcmp(value_get_string(event, "kind"), "message") != 0)
		return;
	find(l, mail, mem, &f);
	if (f.found && (f.proven || is_reader(l, value_get_string(event,
	    "from"), &f, mem)))
		set_reference(event, &f, mem);
}

void
inbound_mail_find(struct ledger *l, const struct config *c,
    const struct links *links, struct value *event, struct arena *mem)
{
	struct value *mail = value_copy(value_get(event, "mail"));
	const char *kind = value_get_string(event, "kind");

	value_remove(event, "mail");
	if (strcmp(kind, "status") == 0)
		find_status(l, mail, event, mem);
	else if (strcmp(kind, "message") == 0)
		find_message(l, c, links, mail, event, mem);
	value_remove(event, "among");
	value_free(mail);
}

/*
 * Soft bounces
 */

static void
put_flag(struct ledger *l, const char *message, const char *kind,
    const char *reason)
{
	struct value *data;
	struct ledger_rows *r;

	if (ledger_count(l, "SELECT count(*) FROM flag f JOIN message o ON "
	    "o.id = f.message JOIN message m ON m.id = ? AND o.hash = m.hash "
	    "WHERE f.kind = ? AND f.resolved_at IS NULL", "ss", message,
	    kind) > 0)
		return;
	data = value_new_object();
	value_set_string(data, "kind", kind);
	value_set_string(data, "message", message);
	value_set_string(data, "reason", reason);
	r = ledger_select(l, "SELECT contact FROM message WHERE id = ?", "s",
	    message);
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		value_set_string(data, "contact", ledger_text(r, 0));
	ledger_end(r);
	ledger_append_take(l, "flag.put", data);
}

void
inbound_mail_count(struct ledger *l, struct value *event)
{
	const char *message = value_get_string(event, "message");
	const char *status = value_get_string(event, "status");
	int64_t days;

	if (message != NULL && strcmp(status, "complained") == 0 &&
	    value_is_true(value_get(event, "unproven")))
		put_flag(l, message, "complaint", "a complaint that proves "
		    "nothing: should this person be written to?");
	if (message == NULL || value_is_true(value_get(event, "dead")) ||
	    value_is_true(value_get(event, "unproven")) ||
	    (strcmp(status, "bounced") != 0 && strcmp(status, "failed") != 0))
		return;
	days = ledger_count(l, "SELECT count(DISTINCT substr(e.received_at, "
	    "1, 10)) FROM message m JOIN message o ON o.hash = m.hash AND "
	    "o.channel_type = m.channel_type JOIN event e ON e.message = o.id "
	    "LEFT JOIN address a ON a.type = m.channel_type AND a.hash = "
	    "m.hash JOIN attempt t ON t.message = e.message AND t.number = "
	    "e.attempt AND t.redirected = 0 WHERE m.id = ? AND e.rank IN "
	    "(3, 6) AND e.received_at > coalesce(a.last_inbound_at, '')", "s",
	    message);
	value_set_integer(event, "soft_bounces", days);
	if (days >= INBOUND_SOFT_DAYS)
		put_flag(l, message, "soft_bounces", "mails to this address "
		    "come back, though it is not known to be dead");
}

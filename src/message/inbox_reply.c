/* An answer of staff: a record like any other, through the same gate. */
#include "inbox_impl.h"

#include <stdio.h>
#include <string.h>

#include "message/contact.h"
#include "message/email.h"
#include "message/onepass.h"
#include "message/policy.h"

#define TYPE	"reply"
#define DRAFT_AGE	(7 * 86400)	/* of what is let go, at most */

struct answering {
	struct inbox *inbox;
	const struct inbox_reply *asked;
	const char *author;
	int64_t last, seen;	/* rows; 0: does not say */
	struct value *prospect;
	struct onepass pass;
};

/* For an index of times: nothing that is behind the row is older. */
static void
come_from(struct inbox *b, int64_t row, char from[CLOCK_TEXT])
{
	struct ledger_rows *r = ledger_select(b->ledger, "SELECT created_at "
	    "FROM message WHERE rowid = ?", "i", row);

	if (ledger_next(r))
		snprintf(from, CLOCK_TEXT, "%s", ledger_text(r, 0));
	ledger_end(r);
}

/*
 * Without `last` what counts is who answered after the person wrote, and within
 * the time that one answers in.  A draft that somebody let go is their answer;
 * who saw it last has seen it as a draft.
 */
int
inbox_colleague(struct inbox *b, const char *id, const char *author,
    int64_t last, struct error *e)
{
	const char *all = inbox_together(b, id);
	instant t = clock_now() - config_duration(b->config, "inbox", NULL,
	    "answer_within");
	char since[CLOCK_TEXT], from[CLOCK_TEXT];
	struct ledger_rows *r;
	int rc = 0;

	clock_format(t, since);
	clock_format(t - DRAFT_AGE, from);
	if (last != 0)
		come_from(b, last, from);
	r = ledger_select(b->ledger, "SELECT coalesce(m.released_by, "
	    "m.author), coalesce(m.sent_at, m.created_at), c.body ->> "
	    "'$.text' FROM json_each(?1) o CROSS JOIN message m ON "
	    "m.conversation = o.value AND m.created_at >= ?5 LEFT JOIN "
	    "content c ON c.key = m.content "
	    "WHERE m.direction = 'outbound' AND m.author IS NOT NULL AND "
	    "(NOT (m.author = 'assist' OR m.author LIKE 'assist:%') OR "
	    "m.released_by IS NOT NULL) AND "
	    "coalesce(m.released_by, m.author) <> ?2 AND m.state <> 'refused' "
	    "AND m.state <> 'cancelled' AND CASE ?3 WHEN 0 THEN "
	    "coalesce(m.sent_at, m.created_at) > ?4 AND m.rowid > "
	    "coalesce((SELECT max(i.rowid) FROM json_each(?1) p CROSS JOIN "
	    "message i ON i.conversation = p.value AND i.created_at >= ?5 "
	    "WHERE i.direction = 'inbound' AND i.intent IS NOT 'automatic'), "
	    "0) ELSE m.rowid > ?3 OR (m.rowid = ?3 AND m.released_by IS NOT "
	    "NULL) END ORDER BY m.rowid DESC LIMIT 1", "ssiss", all, author,
	    last, since, from);
	if (ledger_next(r))
		rc = error_set(e, EX_TEMPFAIL, "%.60s has answered at %s: "
		    "\"%.200s\"; to answer all the same say so (--anyway)",
		    ledger_text(r, 0), ledger_text(r, 1),
		    ledger_text(r, 2) == NULL ? "(erased)" :
		    ledger_text(r, 2));
	ledger_end(r);
	return rc;
}

/* The same form once more is no second answer. */
static bool
was_answered(const struct answering *w)
{
	return w->asked->id != NULL && ledger_count(w->inbox->ledger,
	    "SELECT count(*) FROM message WHERE id = ? AND author = ?", "ss",
	    w->asked->id, w->author) > 0;
}

static int
look_for_colleague(struct answering *w, struct error *e)
{
	const struct inbox_reply *a = w->asked;
	const char *all = inbox_together(w->inbox, a->conversation);

	if (a->last != NULL && inbox_row(w->inbox, all, a->last, &w->last,
	    e) == -1)
		return -1;
	w->seen = w->last;
	if (a->seen != NULL && inbox_row(w->inbox, all, a->seen, &w->seen,
	    e) == -1)
		return -1;
	return a->anyway || was_answered(w) ? 0 : inbox_colleague(w->inbox,
	    a->conversation, w->author, w->last, e);
}

#define NAMES_MAX	300	/* bytes of them in an error */

/* "appointment_reminder, custom": what Meta has approved. */
static const char *
approved(struct answering *w)
{
	struct templates *t = w->pass.router.templates;
	const struct template_set *set;
	const char *const *names;
	struct error e;
	char *list = arena_strdup(w->inbox->mem, "");

	names = templates_names(t, &e);
	for (; names != NULL && *names != NULL; names++) {
		set = templates_get(t, *names, &e);
		if (set == NULL || templates_whatsapp(t, set, NULL) == NULL)
			continue;
		if (strlen(list) + strlen(*names) > NAMES_MAX)
			return arena_printf(w->inbox->mem, "%s, ...", list);
		list = arena_printf(w->inbox->mem, "%s%s%s", list, *list ==
		    '\0' ? "" : ", ", *names);
	}
	return *list == '\0' ? "there is none" : list;
}

static int
check_template(struct answering *w, struct error *e)
{
	const struct template_set *set;
	struct error why;

	if (w->asked->template == NULL)
		return 0;
	set = templates_get(w->pass.router.templates, w->asked->template,
	    &why);
	if (set == NULL)
		return error_set(e, EX_REFUSED, "%.400s", why.text);
	if (w->asked->now && policy_is_marketing(w->inbox->config,
	    set->meta->class, set->meta->topic))
		return error_set(e, EX_REFUSED, "template %.100s: marketing "
		    "is no answer that cannot wait", w->asked->template);
	return 0;
}

/* Of what goes later the window counts as it is then. */
static bool
needs_template(const struct answering *w)
{
	const char *until = value_get_string(w->prospect, "window_until");
	instant end, due;

	if (value_is_true(value_get(w->prospect, "template_only")))
		return true;
	return until != NULL && w->asked->not_before != NULL &&
	    clock_parse(until, &end) && clock_parse(w->asked->not_before,
	    &due) && due >= end;
}

static int
check_prospect(struct answering *w, struct error *e)
{
	const struct value *p = w->prospect;
	const char *why = value_get_string(p, "impossible");

	if (why != NULL)
		return error_set(e, EX_REFUSED, "%.200s: %s",
		    w->asked->conversation, why);
	why = value_get_string(p, "opted_out");
	if (why != NULL)
		return error_set(e, EX_REFUSED, "%.200s: opted out: %s",
		    w->asked->conversation, why);
	if (needs_template(w) && w->asked->template == NULL)
		return error_set(e, EX_REFUSED, "nothing was received by "
		    "WhatsApp in the last 24 hours%s: words of one's own may "
		    "not be sent there, but a template that Meta approved may "
		    "(%s), or another channel",
		    value_is_true(value_get(p, "template_only")) ? "" :
		    " before that time", approved(w));
	if (w->asked->now && value_get(p, "waits_until") != NULL &&
	    !value_is_true(value_get(p, "just_wrote")))
		return error_set(e, EX_REFUSED, "they sleep (%s until %s), and "
		    "have not just written: without --now the answer waits",
		    value_get_string(p, "waits_for"), value_get_string(p,
		    "waits_until"));
	return 0;
}

static int
check_text(const struct inbox_reply *a, struct error *e)
{
	size_t len;

	if (a->template != NULL)
		return a->text == NULL ? 0 : error_set(e, EX_REFUSED, "text: a "
		    "template or words of one's own, not both");
	if (a->text == NULL || a->text[strspn(a->text, " \t\r\n")] == '\0')
		return error_set(e, EX_REFUSED, "text: nothing was written");
	len = strlen(a->text);
	if (!utf8_valid(a->text, len))
		return error_set(e, EX_REFUSED, "text: not UTF-8");
	if (utf8_count(a->text, len) > INBOX_TEXT_MAX)
		return error_set(e, EX_REFUSED, "text: longer than %d "
		    "characters", INBOX_TEXT_MAX);
	for (const char *s = a->text; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' && strchr("\t\r\n", *s) == NULL)
			return error_set(e, EX_REFUSED, "text: a control "
			    "character, \\x%02x", (unsigned char)*s);
	return 0;
}

static void
put_subject(const struct answering *w, struct record *r)
{
	const char *theirs = value_get_string(w->prospect, "subject");
	const char *subject = w->asked->subject;
	const char *thread = value_get_string(w->prospect, "in_reply_to");

	if (email_is_message_id(thread))
		record_set_string(r, "in_reply_to", thread);
	if (w->asked->template != NULL)
		return;
	if (subject == NULL && theirs != NULL)
		subject = strncasecmp(theirs, "re:", 3) == 0 ? theirs :
		    arena_printf(w->inbox->mem, "Re: %.400s", theirs);
	if (subject == NULL)
		subject = config_string(w->inbox->config, "site", NULL,
		    "name");
	record_set_string(r, "subject", subject == NULL ? "Re:" : subject);
}

static void
put_reader(const struct answering *w, struct record *r)
{
	const char *id = w->asked->conversation;
	struct value *address = value_new_object(), *one = value_new_object();

	value_carry(one, "to", w->prospect, "to");
	value_set_take(address, value_get_string(w->prospect, "channel"), one);
	record_set_take(r, "address", address);
	if (strncmp(id, "contact:", 8) == 0)
		record_set_take(r, "contact", contact_record(w->inbox->ledger,
		    id + 8));
}

static void
write_record(const struct answering *w, struct record *r)
{
	const struct inbox_reply *a = w->asked;
	const char *channel = value_get_string(w->prospect, "channel");
	const char *account = value_get_string(w->prospect, "account");

	if (a->id != NULL)
		record_set_string(r, "id", a->id);
	record_set_string(r, "type", a->type == NULL ? TYPE : a->type);
	if (a->not_before != NULL)
		record_set_string(r, "not_before", a->not_before);
	record_set_string(r, "author", w->author);
	record_set_string(r, "channel", account != NULL && config_has(
	    w->inbox->config, "channel", account) && config_bool(
	    w->inbox->config, "channel", account, "active") ? account :
	    channel);
	record_set_string(r, "priority", "high");
	if (a->template != NULL) {
		record_set_string(r, "template", a->template);
		if (a->vars != NULL)
			record_set_take(r, "vars", value_copy(a->vars));
	} else
		record_set_string(r, "text", a->text);
	/* Who has just written is awake. */
	if (a->now)
		record_set_string(r, "class", "transactional");
	else if (a->template == NULL)
		record_set_string(r, "class", a->type == NULL ? "reply" :
		    "reminder");
	if (strcmp(channel, "email") == 0)
		put_subject(w, r);
	put_reader(w, r);
}

/* -1: nothing of it is in the ledger, once the transaction is undone. */
static int
pass(struct answering *w, struct record *r, struct error *e)
{
	struct error why = { .text = "" };
	const char *state;

	onepass_record(&w->pass, r, false, &why);
	if (record_is_refused(r))
		return error_set(e, record_is_refused_temporarily(r) ?
		    EX_TEMPFAIL : EX_REFUSED, "%.480s", why.text);
	state = value_get_string(record_get(r, "queue"), "state");
	if (state != NULL && strcmp(state, "differs") == 0)
		return error_set(e, EX_REFUSED, "%.100s: this id was used for "
		    "another answer", record_string(r, "id"));
	return 0;
}

static int
prepare(struct answering *w, struct error *e)
{
	const struct inbox_reply *a = w->asked;

	if (check_text(a, e) == -1 || check_template(w, e) == -1 ||
	    (a->permit != NULL && a->permit(a->ctx, e) == -1) ||
	    look_for_colleague(w, e) == -1)
		return -1;
	w->prospect = inbox_prospect(w->inbox, a->conversation, a->channel);
	return check_prospect(w, e);
}

static struct value *
answer(struct answering *w, struct error *e)
{
	struct inbox *b = w->inbox;
	struct record r = RECORD_INIT;
	struct value *out = NULL;

	w->pass.queue.dry = w->asked->dry;
	w->pass.queue.new_ids = w->asked->id == NULL;
	w->pass.queue.hold = w->asked->hold;
	record_new(&r);
	if (prepare(w, e) == 0) {
		write_record(w, &r);
		if (pass(w, &r, e) == 0)
			out = value_copy(r.root);
	}
	record_release(&r);
	value_free(w->prospect);
	if (w->asked->dry)
		return out;
	if (out == NULL) {
		ledger_rollback(b->ledger);
		return NULL;
	}
	/* Whoever answers has read; an assistant has not. */
	if (!inbox_is_assistant(w->author))
		value_set_take(out, "read", inbox_mark_read(b,
		    w->asked->conversation, w->seen));
	onepass_commit(&w->pass);
	return out;
}

static struct value *
answer_now(struct answering *w, struct inbox_reply *a, struct error *e)
{
	if (a->dry)
		a->conversation = inbox_still(w->inbox, a->conversation);
	else if (inbox_begin(w->inbox, &a->conversation, e) == -1)
		return NULL;
	if (a->conversation != NULL)
		return answer(w, e);
	error_set(e, EX_REFUSED, "this conversation is gone");
	return NULL;
}

struct value *
inbox_answer(struct inbox *b, const struct inbox_reply *a, struct error *e)
{
	struct inbox_reply now = *a;
	struct answering w = { .inbox = b, .asked = &now, .author =
	    a->author != NULL ? a->author : b->author };
	struct value *out = NULL;

	if (onepass_open(&w.pass, b->config, b->ledger, e) == 0)
		out = answer_now(&w, &now, e);
	onepass_close(&w.pass);
	return out;
}

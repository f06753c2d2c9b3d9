/* An answer: looked at first, then sent; once, however often it is pressed. */
#include "desk_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/zone.h"
#include "message/templates.h"

static const char *
filled(const struct desk *d, const char *name)
{
	const char *s = desk_field(d, name);

	return *s == '\0' ? NULL : s;
}

/* Browsers end lines with CR LF; each CR would be one character more of SMS. */
static const char *
text_of(struct desk *d)
{
	const char *s = desk_field(d, "text");
	char *text = arena_strdup(d->mem, s);
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (s[0] != '\r' || s[1] != '\n')
			text[n++] = *s;
	text[n] = '\0';
	return n == 0 ? NULL : text;
}

/* A browser's local time as a template wants it; others as they are. */
static const char *
instant_of(struct desk *d, const char *s)
{
	const char *zone = config_string(d->config, "site", NULL, "timezone");
	char text[CLOCK_TEXT];
	struct civil wall;
	instant t;

	if (!civil_parse(s, &wall) || !zone_from_local(zone, &wall, &t))
		return s;
	return arena_strdup(d->mem, clock_format(t, text));
}

/* Its lines; those with nothing on them are none. */
static struct value *
lines_of(struct desk *d, const char *s)
{
	struct value *list = value_new_array();
	size_t len;

	for (; *s != '\0'; s += len + (s[len] != '\0')) {
		len = strcspn(s, "\r\n");
		if (len > 0)
			value_append_take(list, value_new_string(
			    arena_strndup(d->mem, s, len)));
	}
	return list;
}

static struct value *
typed_value(struct desk *d, const struct variable *v, const char *s)
{
	char *end;
	long long n;

	if (v->type == VARIABLE_TIME)
		return value_new_string(instant_of(d, s));
	if (v->type == VARIABLE_LIST)
		return lines_of(d, s);
	if (v->type == VARIABLE_FLAG)
		return value_new_bool(strcmp(s, "true") == 0);
	if (v->type == VARIABLE_NUMBER) {
		n = strtoll(s, &end, 10);
		if (*end == '\0' && end != s)
			return value_new_integer(n);
	}
	return value_new_string(s);
}

/*
 * Of what the template declares only: objects cannot be typed, and come from
 * the next appointment.
 */
static void
read_variables(struct desk *d, const char *id, struct desk_reply *r)
{
	struct templates *all = templates_new(d->config);
	struct value *vars = value_new_object();
	struct value *shown = inbox_show(&d->inbox, id, 1);
	const struct template_set *set;
	const struct value *theirs;
	const char *s;
	struct error e;

	set = templates_get(all, r->template, &e);
	for (const struct variable *v = set == NULL ? NULL :
	    set->meta->variables; v != NULL; v = v->next) {
		s = filled(d, arena_printf(d->mem, "var.%s", v->name));
		theirs = value_path(shown, arena_printf(d->mem,
		    "reminders.0.vars.%s", v->name));
		if (v->type == VARIABLE_OBJECT) {
			if (theirs != NULL)
				value_set_take(vars, v->name,
				    value_copy(theirs));
		} else if (s != NULL)
			value_set_take(vars, v->name, typed_value(d, v, s));
	}
	r->vars = desk_keep(d, vars);
	value_free(shown);
	templates_free(all);
}

static bool
is_id(const char *s)
{
	return strlen(s) == DESK_ID - 1 &&
	    s[strspn(s, "0123456789abcdef")] == '\0';
}

static const char *
read_reply(struct desk *d, struct desk_reply *r)
{
	const char *id = desk_find(d, filled(d, "id"));
	const char *form = desk_field(d, "form");

	*r = (struct desk_reply){ .text = text_of(d),
	    .template = filled(d, "template"), .last = filled(d, "last"),
	    .channel = filled(d, "channel"), .subject = filled(d, "subject"),
	    .now = filled(d, "now") != NULL,
	    .anyway = filled(d, "anyway") != NULL };
	if (!is_id(form))
		desk_refuse(d, "400 Bad Request", T_NO_FORM, T_NO_FORM_ADVICE,
		    "the form has no id");
	r->id = form;
	if (r->template != NULL)
		read_variables(d, id, r);
	return id;
}

/* The last answer of somebody else behind what the author knows. */
static const struct value *
find_colleague(struct desk *d, const char *id, const struct desk_reply *r)
{
	struct value *shown = inbox_show(&d->inbox, id, INBOX_PAGE);
	const struct value *list = value_get(shown, "messages"), *m;
	struct value *found = NULL;
	const char *author;

	for (size_t i = value_count(list); i > 0 && found == NULL; i--) {
		m = value_at(list, i - 1);
		if (r->last != NULL && strcmp(value_get_string(m, "id"),
		    r->last) == 0)
			break;
		author = value_get_string(m, "author");
		if (strcmp(value_get_string(m, "direction"), "outbound") == 0 &&
		    author != NULL && strcmp(author, d->user) != 0 &&
		    !inbox_is_assistant(author))
			found = value_copy(m);
	}
	value_free(shown);
	return desk_keep(d, found);
}

/* In the reader's words, as far as it is something that staff can mend. */
static enum desk_text
name_trouble(struct desk *d, const char *id, const struct desk_reply *r)
{
	struct value *p = inbox_prospect(&d->inbox, id, r->channel);
	enum desk_text t = T_NOT_SENT;

	if (r->template == NULL && (r->text == NULL ||
	    r->text[strspn(r->text, " \t\r\n")] == '\0'))
		t = T_EMPTY;
	else if (r->template == NULL && utf8_count(r->text, strlen(r->text)) >
	    INBOX_TEXT_MAX)
		t = T_TEXT_LONG;
	else if (value_get(p, "impossible") != NULL)
		t = T_IMPOSSIBLE;
	else if (value_get(p, "opted_out") != NULL)
		t = T_OPTED_OUT;
	else if (value_is_true(value_get(p, "template_only")) &&
	    r->template == NULL)
		t = T_TEMPLATE_ONLY;
	else if (r->now && value_get(p, "waits_until") != NULL &&
	    !value_is_true(value_get(p, "just_wrote")))
		t = T_NOT_JUST_WROTE;
	value_free(p);
	return t;
}

/* What was typed stays in the form, whatever is wrong with it. */
static _Noreturn void
refuse_answer(struct desk *d, const char *id, struct desk_reply *r,
    const struct error *e)
{
	const struct value *colleague = e->status == EX_TEMPFAIL && !r->anyway ?
	    find_colleague(d, id, r) : NULL;
	struct desk_trouble t = { .what = colleague != NULL ? T_COLLEAGUE :
	    name_trouble(d, id, r), .colleague = colleague };

	/* The reason may have words of a message in it. */
	diag("%s %s: %s: refused", d->user, d->path, id);
	if (t.what == T_NOT_SENT)
		t.detail = e->text;
	/* The id of another answer would be refused for ever. */
	if (t.what == T_NOT_SENT && strstr(e->text, "this id was used") !=
	    NULL) {
		t = (struct desk_trouble){ .what = T_USED_ID };
		r->id = NULL;
	}
	/* They have seen now what the colleague wrote, and all before. */
	if (colleague != NULL)
		r->last = value_get_string(colleague, "id");
	desk_show(d, id, r, NULL, &t);
}

static const struct value *
answer(struct desk *d, const char *id, struct desk_reply *r, bool dry)
{
	struct inbox_reply a = { .conversation = id, .id = r->id,
	    .channel = r->channel, .text = r->template == NULL ? r->text :
	    NULL, .subject = r->subject, .template = r->template,
	    .vars = r->vars, .last = r->last, .now = r->now,
	    .anyway = r->anyway, .dry = dry };
	struct value *out;
	struct error e = { .text = "" };

	out = inbox_answer(&d->inbox, &a, &e);
	if (out == NULL)
		refuse_answer(d, id, r, &e);
	return desk_keep(d, out);
}

_Noreturn void
desk_preview(struct desk *d)
{
	struct desk_reply r;
	const char *id = read_reply(d, &r);

	if (*desk_field(d, "edit") != '\0')
		desk_show(d, id, &r, NULL, NULL);
	desk_show(d, id, &r, answer(d, id, &r, true), NULL);
}

_Noreturn void
desk_send(struct desk *d)
{
	struct desk_reply r;
	const char *id = read_reply(d, &r);
	static struct buf to = BUF_INIT(4096);

	answer(d, id, &r, false);
	buf_str(&to, "conversation?id=");
	percent_encode(&to, id);
	buf_str(&to, "&done=sent");
	desk_redirect(d, buf_text(&to));
}

/* The box for an answer: words or a template, and how it would look. */
#include "desk_impl.h"

#include <inttypes.h>
#include <string.h>

#include "base/zone.h"
#include "message/templates.h"

#define ROWS		4
#define LOCAL_TIME	24	/* "2026-11-24T10:30" and a NUL */

/*
 * What to choose from
 */

/* Without a choice it goes by the very account that they wrote to. */
static void
put_channels(struct desk *d, const struct value *shown, const char *chosen)
{
	const char *type, *own = value_get_string(value_get(shown, "reply"),
	    "channel");

	html(d, "<div class=\"field\">\n<label for=\"channel\">%t</label>\n"
	    "<select id=\"channel\" name=\"channel\">\n", T_BY_CHANNEL);
	if (own != NULL) {
		html(d, "<option value=\"\">");
		html_word(d, own);
		html(d, " (%t)</option>\n", T_LAST_USED);
	}
	for (size_t i = 0; (type = config_channel_type(i)) != NULL; i++)
		if (config_active_channel(d->config, type) != NULL &&
		    strcmp(type, "voice") != 0 &&
		    (own == NULL || strcmp(type, own) != 0)) {
			html(d, "<option value=\"%s\"%r>", type, chosen !=
			    NULL && strcmp(chosen, type) == 0 ? " selected" :
			    "");
			html_word(d, type);
			html(d, "</option>\n");
		}
	html(d, "</select>\n</div>\n");
}

static bool
is_offered(const struct template_set *set, const char *channel)
{
	const struct meta *m = set->meta;

	return m->active && (!m->requires_approval || m->approved) &&
	    (channel == NULL || templates_support(set, channel));
}

static void
put_templates(struct desk *d, struct templates *all, const char *channel,
    const char *chosen)
{
	const char *const *names;
	const struct template_set *set;
	bool whatsapp = channel != NULL && strcmp(channel, "whatsapp") == 0;
	struct error e;

	html(d, "<div class=\"field\">\n<label for=\"template\">%t</label>\n"
	    "<select id=\"template\" name=\"template\">\n<option value=\"\">"
	    "%t</option>\n", T_WITH_TEMPLATE, T_OWN_WORDS);
	names = templates_names(all, &e);
	for (; names != NULL && *names != NULL; names++) {
		set = templates_get(all, *names, &e);
		if (set == NULL || !is_offered(set, channel))
			continue;
		html(d, "<option value=\"%s\"%r>%s", *names, chosen != NULL &&
		    strcmp(chosen, *names) == 0 ? " selected" : "",
		    set->meta->title == NULL ? *names : set->meta->title);
		if (whatsapp && templates_whatsapp(all, set, NULL) != NULL)
			html(d, " (%t)", T_APPROVED);
		html(d, "</option>\n");
	}
	html(d, "</select>\n</div>\n<button class=\"other\" name=\"edit\" "
	    "value=\"1\" formnovalidate>%t</button>\n", T_CHOOSE);
}

/*
 * Variables
 */

/* The appointment that they most likely write about: the next one. */
static const struct value *
next_reminder(const struct value *shown)
{
	const struct value *list = value_get(shown, "reminders"), *v;
	const char *at;
	instant t;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		at = value_get_string(v, "event_at");
		if (at != NULL && clock_parse(at, &t) && t >= clock_now())
			return v;
	}
	return value_at(list, 0);
}

/* A list of texts as lines, and a scalar as itself; NULL: it is neither. */
static const char *
plain(struct desk *d, const struct value *v)
{
	char *text = arena_strdup(d->mem, "");
	const char *s;

	if (value_type(v) != VALUE_ARRAY)
		return v == NULL || value_type(v) == VALUE_OBJECT ? NULL :
		    value_scalar_text(v, d->mem);
	for (size_t i = 0; i < value_count(v); i++) {
		s = value_string(value_at(v, i));
		if (s == NULL)
			return NULL;
		text = arena_printf(d->mem, "%s%s\n", text, s);
	}
	return text;
}

/* What is known already: entered, of the appointment, or of the person. */
static const char *
value_of(struct desk *d, const struct value *shown,
    const struct desk_reply *r, const struct variable *v)
{
	const struct value *next = next_reminder(shown);
	const char *found = plain(d, value_get(r->vars, v->name));

	if (found == NULL)
		found = plain(d, value_get(value_get(next, "vars"), v->name));
	if (found == NULL && next != NULL && strcmp(v->name, "at") == 0)
		found = value_get_string(next, "event_at");
	if (found == NULL && strcmp(v->name, "owner_name") == 0)
		found = value_get_string(value_get(shown, "conversation"),
		    "person");
	return found;
}

/* An instant as the input of a browser has it, in the site's time. */
static const char *
local_time(struct desk *d, const char *at)
{
	const char *zone = config_string(d->config, "site", NULL, "timezone");
	struct civil w;
	instant t;

	if (at == NULL || !clock_parse(at, &t) || !zone_to_local(zone, t, &w))
		return at;
	return arena_printf(d->mem, "%04d-%02d-%02dT%02d:%02d", w.year,
	    w.month, w.day, w.hour, w.minute);
}

static const char *
input_type(enum variable_type t)
{
	return t == VARIABLE_TIME ? "datetime-local" : t == VARIABLE_DATE ?
	    "date" : t == VARIABLE_URL ? "url" : "text";
}

/* Those of omni's own templates have names that people can read. */
static const char *
label(const struct desk *d, const char *name)
{
	static const struct {
		const char *name;
		enum desk_text text;
	} known[] = {
		{ "at", T_VAR_AT }, { "body", T_VAR_BODY },
		{ "branch", T_VAR_BRANCH }, { "concept", T_VAR_CONCEPT },
		{ "due_on", T_VAR_DUE }, { "headline", T_VAR_HEADLINE },
		{ "items", T_VAR_ITEMS }, { "keep_until", T_VAR_KEEP },
		{ "medicine", T_VAR_MEDICINE }, { "note", T_VAR_NOTE },
		{ "old_at", T_VAR_OLD_AT }, { "order_number", T_VAR_ORDER },
		{ "owner_name", T_VAR_OWNER }, { "payment_url", T_VAR_PAY },
		{ "pet_name", T_VAR_PET }, { "service", T_VAR_SERVICE },
		{ "professional", T_VAR_PROFESSIONAL },
		{ "status", T_STATE }, { "subject", T_SUBJECT },
		{ "total", T_VAR_TOTAL }, { "tracking_url", T_VAR_TRACK },
		{ "url", T_VAR_URL }, { "vaccine", T_VAR_VACCINE }
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return desk_say(d, known[i].text);
	return name;
}

static void
put_input(struct desk *d, const struct variable *v, const char *value)
{
	const char *required = v->required ? " required" : "";

	if (v->type == VARIABLE_FLAG)
		html(d, "<input type=\"checkbox\" id=\"var.%s\" name=\"var.%s"
		    "\" value=\"true\"%r>\n", v->name, v->name, value != NULL
		    && strcmp(value, "true") == 0 ? " checked" : "");
	else if (v->type == VARIABLE_LIST)
		html(d, "<textarea id=\"var.%s\" name=\"var.%s\" rows=\"%d\" "
		    "dir=\"auto\"%r>\n%s</textarea>\n", v->name, v->name,
		    (int64_t)ROWS, required, value);
	else
		html(d, "<input type=\"%s\" id=\"var.%s\" name=\"var.%s\" "
		    "value=\"%s\" dir=\"auto\"%r>\n", input_type(v->type),
		    v->name, v->name, v->type == VARIABLE_TIME ?
		    local_time(d, value) : value, required);
}

static void
put_variable(struct desk *d, const struct variable *v, const char *value)
{
	html(d, "<div class=\"field\">\n<label for=\"var.%s\">%s", v->name,
	    label(d, v->name));
	if (!v->required)
		html(d, " <span class=\"hint\">(%t)</span>", T_OPTIONAL);
	if (v->type == VARIABLE_LIST)
		html(d, " <span class=\"hint\">(%t)</span>", T_EACH_LINE);
	else if (v->example != NULL && v->type != VARIABLE_TIME &&
	    v->type != VARIABLE_DATE && v->type != VARIABLE_OBJECT)
		html(d, " <span class=\"hint\">%t %s</span>", T_EXAMPLE,
		    value_scalar_text(v->example, d->mem));
	html(d, "</label>\n");
	put_input(d, v, value);
	html(d, "</div>\n");
}

static void
put_variables(struct desk *d, struct templates *all,
    const struct value *shown, const struct desk_reply *r)
{
	const struct template_set *set;
	struct error e;

	set = templates_get(all, r->template, &e);
	if (set == NULL) {
		html(d, "<p class=\"detail\" lang=\"en\">%s</p>\n", e.text);
		return;
	}
	/* Objects are taken from the appointment, if it has them. */
	for (const struct variable *v = set->meta->variables; v != NULL;
	    v = v->next)
		if (v->type != VARIABLE_OBJECT)
			put_variable(d, v, value_of(d, shown, r, v));
}

/*
 * The form
 */

static void
put_warnings(struct desk *d, const struct value *p,
    const struct desk_reply *r)
{
	const char *s = value_get_string(p, "window_until");

	if (value_get_string(p, "impossible") != NULL)
		html(d, "<p class=\"warning\">%t</p>\n", T_IMPOSSIBLE);
	if (value_get_string(p, "opted_out") != NULL)
		html(d, "<p class=\"warning\">%t</p>\n", T_OPTED_OUT);
	if (value_is_true(value_get(p, "template_only")))
		html(d, "<p class=\"warning\">%t</p>\n", T_TEMPLATE_ONLY);
	if (s != NULL) {
		html(d, "<p class=\"hint\">%t ", T_WINDOW_UNTIL);
		html_time(d, s);
		html(d, "</p>\n");
	}
	s = value_get_string(p, "waits_until");
	if (s == NULL)
		return;
	html(d, "<p class=\"warning\">%t ", T_SLEEPS);
	html_time(d, s);
	html(d, ".</p>\n");
	if (value_is_true(value_get(p, "just_wrote")))
		html(d, "<div class=\"choice\">\n<input type=\"checkbox\" "
		    "id=\"now\" name=\"now\" value=\"1\"%r>\n<label "
		    "for=\"now\">%t</label>\n</div>\n", r->now ? " checked" :
		    "", T_SEND_NOW);
}

static const char *
new_id(struct desk *d)
{
	unsigned char random[(DESK_ID - 1) / 2];
	char *id = arena_alloc(d->mem, DESK_ID);
	static const char digits[] = "0123456789abcdef";

	digest_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++) {
		id[2 * i] = digits[random[i] >> 4];
		id[2 * i + 1] = digits[random[i] & 15];
	}
	return id;
}

static void
put_text(struct desk *d, const struct desk_reply *r, bool email,
    const struct value *p)
{
	const char *subject = r->subject;

	if (email) {
		if (subject == NULL)
			subject = value_get_string(p, "subject");
		html(d, "<div class=\"field\">\n<label for=\"mail-subject\">%t"
		    "</label>\n<input id=\"mail-subject\" name=\"subject\" "
		    "maxlength=\"200\" dir=\"auto\" value=\"%s\">\n</div>\n",
		    T_SUBJECT, subject == NULL ? "" : subject);
	}
	html(d, "<div class=\"field\">\n<label for=\"text\">%t</label>\n"
	    "<textarea id=\"text\" name=\"text\" rows=\"%d\" dir=\"auto\" "
	    "maxlength=\"%d\">\n%s</textarea>\n</div>\n", T_YOUR_ANSWER,
	    (int64_t)ROWS, (int64_t)INBOX_TEXT_MAX, r->text == NULL ? "" :
	    r->text);
}

static void
put_hidden(struct desk *d, const struct value *shown,
    const struct desk_reply *r)
{
	const struct value *c = value_get(shown, "conversation");

	html_hidden(d, "id", value_get_string(c, "conversation"));
	html_hidden(d, "last", r->last == NULL ?
	    value_get_string(shown, "last") : r->last);
	html_hidden(d, "form", r->id == NULL ? new_id(d) : r->id);
}

void
desk_reply_form(struct desk *d, const struct value *shown,
    const struct desk_reply *r, const struct desk_trouble *trouble)
{
	static const struct desk_reply nothing;
	struct templates *all = templates_new(d->config);
	const struct value *p = value_get(shown, "reply");
	struct value *other = NULL;
	const char *channel;

	if (r == NULL)
		r = &nothing;
	if (r->channel != NULL)
		p = other = inbox_prospect(&d->inbox, value_get_string(
		    value_get(shown, "conversation"), "conversation"),
		    r->channel);
	channel = r->channel != NULL ? r->channel : value_get_string(p,
	    "channel");
	html(d, "<section class=\"reply\" id=\"reply\" "
	    "aria-labelledby=\"answer\">\n<h2 id=\"answer\">%t</h2>\n",
	    T_ANSWER);
	html_form(d, "preview#reply", "answer");
	put_hidden(d, shown, r);
	html(d, "<div class=\"row\">\n");
	put_channels(d, shown, r->channel);
	put_templates(d, all, channel, r->template);
	html(d, "</div>\n");
	put_warnings(d, p, r);
	if (trouble != NULL && trouble->colleague != NULL)
		html(d, "<div class=\"choice\">\n<input type=\"checkbox\" "
		    "id=\"anyway\" name=\"anyway\" value=\"1\">\n<label "
		    "for=\"anyway\">%t</label>\n</div>\n", T_ANYWAY);
	if (r->template == NULL)
		put_text(d, r, channel != NULL && strcmp(channel, "email") ==
		    0, p);
	else {
		put_variables(d, all, shown, r);
		html_hidden(d, "text", r->text);
	}
	html(d, "<button name=\"look\" value=\"1\">%t</button>\n</form>\n"
	    "</section>\n", T_PREVIEW);
	value_free(other);
	templates_free(all);
}

/*
 * Before it goes
 */

static void
put_pair(struct desk *d, enum desk_text name, const char *value)
{
	if (value != NULL)
		html(d, "<div><dt>%t</dt><dd dir=\"auto\">%s</dd></div>\n",
		    name, value);
}

static void
put_when(struct desk *d, const struct value *preview)
{
	const char *due = value_path(preview, "queue.due_at") == NULL ? NULL :
	    value_string(value_path(preview, "queue.due_at"));
	instant t;

	html(d, "<div><dt>%t</dt><dd>", T_WHEN);
	if (due == NULL || !clock_parse(due, &t) || t <= clock_now())
		html(d, "%t", T_AT_ONCE);
	else {
		html(d, "%t ", T_NOT_BEFORE);
		html_time(d, due);
	}
	html(d, "</dd></div>\n");
}

static void
put_preview_facts(struct desk *d, const struct value *preview)
{
	const char *cost = value_get_string(preview, "cost");
	const char *currency = value_get_string(preview, "currency");
	const char *channel = value_get_string(preview, "channel");
	int64_t segments = 0;

	html(d, "<dl>\n<div><dt>%t</dt><dd>", T_BY_CHANNEL);
	html_channel(d, channel);
	html(d, "</dd></div>\n");
	put_pair(d, T_TO, value_get_string(preview, "to"));
	if (value_integer(value_get(preview, "segments"), &segments) &&
	    segments > 0)
		html(d, "<div><dt>%t</dt><dd>%d</dd></div>\n", T_SEGMENTS,
		    segments);
	put_pair(d, T_COST, cost == NULL ? NULL : arena_printf(d->mem,
	    "%s %s", cost, currency == NULL ? "" : currency));
	put_when(d, preview);
	put_pair(d, T_SUBJECT, value_get_string(preview, "subject"));
	html(d, "</dl>\n");
}

void
desk_reply_preview(struct desk *d, const struct value *shown,
    const struct desk_reply *r, const struct value *preview)
{
	struct value_iter it = { 0 };
	const char *text = value_get_string(preview, "text");

	html(d, "<section class=\"reply preview\" id=\"reply\" "
	    "aria-labelledby=\"before\">\n<h2 id=\"before\">%t</h2>\n",
	    T_PREVIEW_TITLE);
	if (text != NULL)
		html_words(d, text);
	put_preview_facts(d, preview);
	html_form(d, "send#reply", "inline");
	put_hidden(d, shown, r);
	html_hidden(d, "channel", r->channel);
	html_hidden(d, "template", r->template);
	html_hidden(d, "subject", r->subject);
	html_hidden(d, "text", r->text);
	html_hidden(d, "now", r->now ? "1" : NULL);
	html_hidden(d, "anyway", r->anyway ? "1" : NULL);
	while (r->vars != NULL && value_next(r->vars, &it))
		html_hidden(d, arena_printf(d->mem, "var.%s", it.key),
		    plain(d, it.value));
	html(d, "<button>%t</button>\n<button class=\"other\" "
	    "formaction=\"preview#reply\" name=\"edit\" value=\"1\">%t"
	    "</button>\n</form>\n</section>\n", T_SEND, T_CHANGE);
}

#include "preview_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "message/render.h"
#include "message/segments.h"
#include "message/sms.h"
#include "message/whatsapp.h"

#define LINE_MAX_BYTES	4096	/* of one fact */

struct list {
	const struct preview_message *m;
	struct preview_fact *first, **last;
};

static struct preview_fact *
append(struct list *l, const char *label, const char *text)
{
	struct preview_fact *f = arena_alloc(l->m->mem, sizeof(*f));

	f->label = label;
	f->text = text;
	*l->last = f;
	l->last = &f->next;
	return f;
}

static void add(struct list *l, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add(struct list *l, const char *label, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	append(l, label, arena_strdup(l->m->mem, text));
}

static void
add_buf(struct list *l, const char *label, struct buf *text)
{
	append(l, label, arena_strdup(l->m->mem, buf_text(text)));
	buf_release(text);
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Where the text comes from, when that is not what its heading says. */
static void
add_source(struct list *l)
{
	const struct preview_message *m = l->m;
	enum part part = render_main_part(m->channel);

	if (!m->is_configured)
		add(l, "channel", "none of this type is configured and active; "
		    "shown as with the defaults");
	if (m->used == NULL)
		return;
	if (!language_equal(m->used, m->language))
		add(l, "language", "%s: there is no text for %s in %s",
		    m->used, m->channel, m->language);
	if (templates_own_part(m->of->set, m->used, part) == NULL)
		add(l, "part", "%s/text: there is no %s/%s", m->used, m->used,
		    part_name(part));
}

/* Mail */

/* A subject is looked for by itself, and may be in another language. */
static void
add_subject(struct list *l)
{
	const struct preview_message *m = l->m;
	const char *used;

	if (m->used != NULL && templates_part(m->of->preview->templates,
	    m->of->set, m->language, PART_SUBJECT, false, &used) != NULL &&
	    !language_equal(used, m->used))
		add(l, "subject", "of %s/subject: there is no %s/subject",
		    used, m->used);
}

static void
add_html(struct list *l)
{
	const struct preview_message *m = l->m;
	const char *html = record_string(m->record, "html");

	if (html == NULL)
		return;
	if (templates_own_part(m->of->set, m->used, PART_HTML) == NULL)
		add(l, "html", "%zu bytes, made of the text", strlen(html));
	else
		add(l, "html", "%zu bytes, of %s/html", strlen(html), m->used);
}

/* Text messages */

/* Letters until one more segment is needed. */
static size_t
room_left(const char *text, int count)
{
	struct buf longer = BUF_INIT(SEGMENTS_TEXT_MAX);
	struct segments s;
	size_t n = 0;

	buf_str(&longer, text);
	for (;; n++) {
		buf_char(&longer, 'x');
		if (!segments_count(buf_text(&longer), &s) || s.count > count)
			break;
	}
	buf_release(&longer);
	return n;
}

static void
add_size(struct list *l, const char *text)
{
	struct segments s;
	size_t left;

	if (!segments_count(text, &s))
		return;
	left = room_left(text, s.count);
	add(l, "size", "%d segment%s of %s, %zu characters; %zu more would "
	    "fit", s.count, plural((size_t)s.count), s.encoding,
	    utf8_count(text, strlen(text)), left);
}

static void
add_replaced(struct list *l)
{
	const struct value *all = record_get(l->m->record, "replaced"), *one;
	struct buf out = BUF_INIT(LINE_MAX_BYTES);
	int64_t count = 0;

	if (value_count(all) == 0)
		return;
	for (size_t i = 0; (one = value_at(all, i)) != NULL; i++) {
		value_integer(value_get(one, "count"), &count);
		buf_printf(&out, "%s%s by %s", i == 0 ? "" : ", ",
		    value_get_string(one, "from"), value_get_string(one, "to"));
		if (count > 1)
			buf_printf(&out, " (%" PRId64 " times)", count);
	}
	add_buf(l, "replaced", &out);
}

static void
add_offenders(struct list *l, const char *text)
{
	struct buf out = BUF_INIT(LINE_MAX_BYTES);
	struct sms_offenders o;
	size_t others;

	sms_offenders(text, &o);
	if (o.count == 0)
		return;
	others = o.total;
	for (size_t i = 0; i < o.count; i++) {
		buf_str(&out, i == 0 ? "" : ", ");
		sms_offender_text(&o.item[i], &out);
		others -= o.item[i].count;
	}
	if (others > 0)
		buf_printf(&out, " and %zu more", others);
	add_buf(l, "not GSM-7", &out);
}

static void
add_sms(struct list *l)
{
	const char *text = record_string(l->m->record, "text");

	if (text == NULL)
		return;
	add_size(l, text);
	add_replaced(l);
	add_offenders(l, text);
}

/* WhatsApp */

/* What goes over the wire for a component of the template; or NULL. */
static const struct value *
find_component(const struct record *r, const char *type, const char *index)
{
	const struct value *all = value_path(record_get(r, "whatsapp"),
	    "template.components"), *one;
	const char *at;

	for (size_t i = 0; (one = value_at(all, i)) != NULL; i++) {
		at = value_get_string(one, "index");
		if (strcmp(value_get_string(one, "type"), type) == 0 &&
		    (index == NULL || (at != NULL && strcmp(at, index) == 0)))
			return value_get(one, "parameters");
	}
	return NULL;
}

static void
add_parameters(struct list *l, const char *key,
    const struct whatsapp_parameters *p)
{
	const struct value *all = find_component(l->m->record, key, NULL);
	const char *text;

	for (size_t i = 0; i < p->count; i++) {
		text = value_get_string(value_at(all, i), "text");
		add(l, arena_printf(l->m->mem, "%s.%s", key, p->list[i].name),
		    "{{ %s }}%s%s", p->list[i].source, text == NULL ? "" :
		    ": ", text == NULL ? "" : text);
	}
}

static void
add_button(struct list *l, const struct whatsapp_button *b, size_t i,
    const struct whatsapp_language *language)
{
	const char *title = language == NULL ? NULL : language->titles[i];
	const char *label = arena_printf(l->m->mem, "button.%zu", i);
	const char *index = label + strlen("button.");
	const struct value *all = find_component(l->m->record, "button",
	    index);
	bool quick = b->type == WHATSAPP_QUICK_REPLY;
	const char *end = value_get_string(value_at(all, 0),
	    quick ? "payload" : "text");

	if (title == NULL)
		title = "(no title in this language)";
	if (quick)
		add(l, label, "%s (brings back %s)", title,
		    end == NULL ? b->word : end);
	else
		add(l, label, "%s (opens an address%s%s)", title,
		    end == NULL ? "" : " that ends with ",
		    end == NULL ? "" : end);
}

/* The header and the body as Meta is to have them. */
static void
add_registered(struct list *l)
{
	const struct preview_message *m = l->m;
	struct buf out = BUF_INIT(4 * TEMPLATE_MAX);
	struct error why;

	if (whatsapp_meta_header(m->of->set, m->used, &out, &why) == -1)
		add(l, "to register", "cannot be: %s", why.text);
	else if (out.len > 0)
		append(l, "header to register", arena_strdup(m->mem,
		    buf_text(&out)))->block = true;
	buf_clear(&out);
	if (whatsapp_meta_text(m->of->set, m->used, &out, &why) == -1)
		add(l, "to register", "cannot be: %s", why.text);
	else
		append(l, "body to register", arena_strdup(m->mem,
		    buf_text(&out)))->block = true;
	buf_release(&out);
}

static void
add_meta(struct list *l, const struct whatsapp_meta *w)
{
	const struct whatsapp_language *language = meta_whatsapp_language(
	    l->m->of->set->meta, l->m->used);
	const char *footer = language == NULL || language->footer == NULL ?
	    w->footer : language->footer;
	const char *code = language == NULL ? NULL : language->code;

	add(l, "template", "%s, %s%s%s", w->name, code == NULL ?
	    "not registered in this language" : code, w->category == NULL ?
	    "" : ", ", w->category == NULL ? "" : w->category);
	if (w->header_type != WHATSAPP_NO_HEADER)
		add(l, "header", "%s", whatsapp_header_name(w->header_type));
	add_parameters(l, "header", &w->header);
	add_parameters(l, "body", &w->body);
	if (footer != NULL)
		add(l, "footer", "%s", footer);
	for (size_t i = 0; i < w->button_count; i++)
		add_button(l, &w->buttons[i], i, language);
	add_registered(l);
}

static void
add_whatsapp(struct list *l)
{
	const struct whatsapp_meta *w = l->m->of->set->meta->whatsapp;

	if (l->m->used == NULL)
		return;
	if (w == NULL || w->name == NULL)
		add(l, "template", "none: only within 24 hours after the "
		    "reader wrote");
	else
		add_meta(l, w);
}

static void
add_cost(struct list *l)
{
	const char *cost = record_string(l->m->record, "cost");
	const char *currency = record_string(l->m->record, "currency");

	if (cost != NULL && cost[strspn(cost, "0.")] != '\0')
		add(l, "cost", "%s %s", cost, currency);
}

const struct preview_fact *
preview_facts(const struct preview_message *m)
{
	struct list l = { .m = m };

	l.last = &l.first;
	add_source(&l);
	if (strcmp(m->channel, "email") == 0 ||
	    strcmp(m->channel, "push") == 0)
		add_subject(&l);
	if (strcmp(m->channel, "email") == 0)
		add_html(&l);
	else if (strcmp(m->channel, "sms") == 0)
		add_sms(&l);
	else if (strcmp(m->channel, "whatsapp") == 0)
		add_whatsapp(&l);
	add_cost(&l);
	return l.first;
}

const char *
preview_state(const struct preview_template *t, struct arena *mem)
{
	const struct meta *m = t->set->meta;
	struct buf out = BUF_INIT(LINE_MAX_BYTES);
	const char *text;

	if (m->class != NULL)
		buf_printf(&out, "class %s; ", m->class);
	if (m->topic != NULL)
		buf_printf(&out, "topic %s; ", m->topic);
	if (!m->active)
		buf_str(&out, "not active, so records are refused");
	else if (m->requires_approval && !m->approved)
		buf_str(&out, "awaits approval, so records are refused");
	else
		buf_str(&out, "active");
	if (templates_language(t->set, 0) == NULL)
		buf_str(&out, "; there are no texts");
	text = arena_strdup(mem, buf_text(&out));
	buf_release(&out);
	return text;
}

const char *
preview_from(const struct preview_message *m)
{
	const struct config *c = m->of->preview->config;
	const char *s = config_string(c, "channel", m->account, "from");

	if (s == NULL && strcmp(m->channel, "email") == 0)
		s = config_string(c, "mail", NULL, "from");
	return s == NULL ? "" : s;
}

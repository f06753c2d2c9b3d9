#include "whatsapp.h"

#include <ctype.h>
#include <string.h>
#include <sysexits.h>


/*
 * Templates as they are registered with Meta.  The text is the source of our
 * own, so that nobody has to keep two in step.
 */
struct span {
	const char *s;
	size_t len;
};

static struct span
trimmed(const char *s, size_t len)
{
	while (len > 0 && isspace((unsigned char)s[0])) {
		s++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	return (struct span){ s, len };
}

/* "at | day" is "at|day": blanks count only within quotes. */
static bool
same_expression(struct span a, struct span b)
{
	char quote = '\0';

	for (;;) {
		while (quote == '\0' && a.len > 0 && *a.s == ' ')
			a = (struct span){ a.s + 1, a.len - 1 };
		while (quote == '\0' && b.len > 0 && *b.s == ' ')
			b = (struct span){ b.s + 1, b.len - 1 };
		if (a.len == 0 || b.len == 0)
			return a.len == b.len;
		if (*a.s != *b.s)
			return false;
		if (quote == *a.s)
			quote = '\0';
		else if (quote == '\0' && (*a.s == '"' || *a.s == '\''))
			quote = *a.s;
		a = (struct span){ a.s + 1, a.len - 1 };
		b = (struct span){ b.s + 1, b.len - 1 };
	}
}

struct registration {
	const char *name;	/* of the text, for messages */
	const char *key;	/* "body" */
	const struct whatsapp_parameters *parameters;
	bool used[WHATSAPP_PARAMETERS_MAX];
	bool inner;	/* no variable at either end: Meta's 2388299 */
	struct buf text;
	struct error *e;
};

static int
put_parameter(struct registration *r, struct span source)
{
	const struct whatsapp_parameters *p = r->parameters;

	for (size_t i = 0; i < p->count; i++)
		if (same_expression(source, trimmed(p->list[i].source,
		    strlen(p->list[i].source)))) {
			r->used[i] = true;
			buf_printf(&r->text, "{{%s}}", p->list[i].name);
			return 0;
		}
	return error_set(r->e, EX_CONFIG, "%s: {{ %.*s }} is no %s.N of "
	    "[whatsapp]", r->name, (int)(source.len > 100 ? 100 :
	    source.len), source.s, r->key);
}

/* Where "}}" or "#}" ends it, on the same line; NULL: it is plain text. */
static const char *
token_end(const char *p)
{
	char close = p[1] == '{' ? '}' : '#';

	for (p += 2; *p != '\0' && *p != '\n'; p++)
		if (p[0] == close && p[1] == '}')
			return p + 2;
	return NULL;
}

static int
put_all(struct registration *r, const char *p)
{
	const char *end;

	while (*p != '\0') {
		end = p[0] == '{' && (p[1] == '{' || p[1] == '#') ?
		    token_end(p) : NULL;
		if (end == NULL) {
			buf_char(&r->text, *p++);
			continue;
		}
		if (p[1] == '{' && put_parameter(r, trimmed(p + 2,
		    (size_t)(end - p) - 4)) == -1)
			return -1;
		p = end;
	}
	return 0;
}

static int
check_registered(const struct registration *r, int max)
{
	struct span s = trimmed(buf_text(&r->text), r->text.len);

	for (size_t i = 0; i < r->parameters->count; i++)
		if (!r->used[i])
			return error_set(r->e, EX_CONFIG, "%s: %s.%s of "
			    "[whatsapp], {{ %.100s }}, is not in it", r->name,
			    r->key, r->parameters->list[i].name,
			    r->parameters->list[i].source);
	if (s.len == 0)
		return error_set(r->e, EX_CONFIG, "%s: is empty", r->name);
	if (r->inner && strncmp(s.s, "{{", 2) == 0)
		return error_set(r->e, EX_CONFIG, "%s: begins with a "
		    "variable, which Meta refuses", r->name);
	if (r->inner && s.len > 1 && strncmp(s.s + s.len - 2, "}}", 2) == 0)
		return error_set(r->e, EX_CONFIG, "%s: ends with a variable, "
		    "which Meta refuses", r->name);
	if (utf8_count(s.s, s.len) > (size_t)max)
		return error_set(r->e, EX_CONFIG, "%s: %zu characters; at "
		    "most %d are allowed", r->name, utf8_count(s.s, s.len),
		    max);
	return 0;
}

static int
register_text(struct registration *r, const struct template *t,
    const char *source, int max, struct buf *out)
{
	int rc;

	if (template_has_tags(t))
		return error_set(r->e, EX_CONFIG, "%s: has tags, {%% %%}: "
		    "Meta takes variables only", r->name);
	rc = put_all(r, source);
	if (rc == 0)
		rc = check_registered(r, max);
	if (rc == 0)
		buf_add(out, buf_text(&r->text), r->text.len);
	buf_release(&r->text);
	return rc;
}

int
whatsapp_meta_text(const struct template_set *set, const char *language,
    struct buf *out, struct error *e)
{
	const struct template *t = templates_own_part(set, language,
	    PART_WHATSAPP);
	struct registration r = { .key = "body", .inner = true,
	    .text = BUF_INIT(2 * TEMPLATE_MAX), .e = e };

	if (set->meta->whatsapp == NULL)
		return error_set(e, EX_CONFIG, "%s/meta.conf: there is no "
		    "[whatsapp]", set->name);
	if (t == NULL)
		return error_set(e, EX_CONFIG, "%s/%s/whatsapp: there is no "
		    "such part", set->name, language);
	r.name = template_name(t);
	r.parameters = &set->meta->whatsapp->body;
	return register_text(&r, t, templates_source(set, language,
	    PART_WHATSAPP), WHATSAPP_BODY_MAX, out);
}

int
whatsapp_meta_header(const struct template_set *set, const char *language,
    struct buf *out, struct error *e)
{
	const struct whatsapp_language *l = meta_whatsapp_language(set->meta,
	    language);
	struct registration r = { .key = "header",
	    .text = BUF_INIT(2 * TEMPLATE_MAX), .e = e };

	if (l == NULL || l->header == NULL)
		return 0;
	r.name = template_name(l->header);
	r.parameters = &set->meta->whatsapp->header;
	return register_text(&r, l->header, l->header_source,
	    WHATSAPP_HEADER_MAX, out);
}

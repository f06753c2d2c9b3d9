#include "trial.h"

#include <stdio.h>
#include <string.h>

#include "template/template.h"

#define TEMPLATES_MAX	64	/* of one line */

/* What `templates` of a line brings, parsed when first asked for. */
struct shelf {
	const struct value *texts;
	struct template *parsed[TEMPLATES_MAX];
	size_t count;
};

static const struct template *
shelf_load(void *ctx, const char *name, struct error *e)
{
	struct shelf *s = ctx;
	const char *text;
	struct template *t;

	for (size_t i = 0; i < s->count; i++)
		if (strcmp(template_name(s->parsed[i]), name) == 0)
			return s->parsed[i];
	text = value_get_string(s->texts, name);
	if (text == NULL) {
		error_set(e, EX_NOINPUT, "there is no template %.100s", name);
		return NULL;
	}
	if (s->count == TEMPLATES_MAX) {
		error_set(e, EX_DATAERR, "more than %d templates",
		    TEMPLATES_MAX);
		return NULL;
	}
	t = template_parse(name, text, strlen(text), e);
	if (t != NULL)
		s->parsed[s->count++] = t;
	return t;
}

static const char *
setting(struct filter *f, const struct record *r, const char *key)
{
	const char *s = record_string(r, key);

	return s != NULL ? s : config_string(f->ctx, "site", NULL, key);
}

/* The members that are not what they should be; NULL: all are well. */
static const char *
wrong_member(const struct record *r)
{
	static const char *const strings[] = { "template", "format",
	    "missing", "language", "timezone", "currency" };
	static const char *const objects[] = { "data", "templates" };
	const struct value *v;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		v = record_get(r, strings[i]);
		if (v == NULL ? i == 0 : value_string(v) == NULL)
			return strings[i];
	}
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		v = record_get(r, objects[i]);
		if (v != NULL && value_type(v) != VALUE_OBJECT)
			return objects[i];
	}
	v = record_get(r, "format");
	if (v != NULL && strcmp(value_string(v), "html") != 0 &&
	    strcmp(value_string(v), "text") != 0)
		return "format";
	return NULL;
}

static int
render(struct filter *f, const struct record *r, struct buf *out,
    char field[TEMPLATE_PATH_MAX + 1], struct error *e)
{
	const char *text = record_string(r, "template"), *fault = NULL;
	const char *missing = record_string(r, "missing");
	const char *format = record_string(r, "format");
	const struct value *data = record_get(r, "data");
	struct shelf shelf = { .texts = record_get(r, "templates") };
	const struct template_loader loader = { shelf_load, &shelf };
	struct template_env env = { .scopes = &data, .scope_count = 1,
	    .loader = &loader, .missing = missing };
	struct template *t;
	int rc = -1;

	env.html = format != NULL && strcmp(format, "html") == 0;
	if (missing == NULL || strcmp(missing, "error") == 0)
		env.missing = NULL;
	else if (strcmp(missing, "empty") == 0)
		env.missing = "";
	/* Django's way in Django's language, unless told otherwise. */
	env.language = env.missing == NULL ? setting(f, r, "language") :
	    record_string(r, "language");
	env.timezone = setting(f, r, "timezone");
	env.currency = setting(f, r, "currency");
	env.now = clock_now();
	t = env.missing == NULL ?
	    template_parse_strict("template", text, strlen(text), e) :
	    template_parse("template", text, strlen(text), e);
	if (t != NULL)
		rc = template_render(t, &env, out, &fault, e);
	snprintf(field, TEMPLATE_PATH_MAX + 1, "%s",
	    fault == NULL ? "" : fault);
	template_free(t);
	for (size_t i = 0; i < shelf.count; i++)
		template_free(shelf.parsed[i]);
	return rc;
}

void
trial_record(struct filter *f, struct record *r)
{
	struct buf out = BUF_INIT(RECORD_MAX / 2);
	const char *wrong = wrong_member(r);
	char field[TEMPLATE_PATH_MAX + 1] = "";
	struct error e = { .status = EX_OK };

	if (wrong == NULL)
		render(f, r, &out, field, &e);
	record_release(r);
	record_new(r);
	if (wrong != NULL)
		filter_refuse_quietly(f, r, "bad_request", wrong,
		    "%s: missing, or not what omni-render(1) says", wrong);
	else if (e.status == EX_OK)
		record_set_string(r, "result", buf_text(&out));
	else
		filter_refuse_quietly(f, r, e.status == EX_DATAERR ?
		    "bad_variable" : "bad_template", e.status == EX_DATAERR &&
		    *field != '\0' ? field : "template", "%s", e.text);
	buf_release(&out);
}

#include "misfit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int
misfit_set(struct misfit *m, const char *code, const char *field,
    const char *fmt, ...)
{
	char text[ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m->code = code;
	snprintf(m->field, sizeof(m->field), "%s", field);
	return error_set(&m->error, EX_DATAERR, "%s", text);
}

/* What a template may use beside the variables of its record. */
static bool
is_outside(const char *path)
{
	static const char *const others[] = { "site.", "links.", "contact." };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(path, others[i], strlen(others[i])) == 0)
			return true;
	return false;
}

int
misfit_render(struct misfit *m, const char *field, const struct error *e)
{
	bool data = e->status == EX_DATAERR;

	m->code = data ? "bad_variable" : "bad_template";
	if (data && field != NULL)
		snprintf(m->field, sizeof(m->field), "%s%.150s",
		    is_outside(field) ? "" : "vars.", field);
	else
		snprintf(m->field, sizeof(m->field), "template");
	m->error = *e;
	error_set(&m->error, data ? EX_DATAERR : EX_TEMPFAIL,
	    "template %.500s", e->text);
	memcpy(m->error.excerpt, e->excerpt, sizeof(e->excerpt));
	return -1;
}

void
templates_refuse(struct filter *f, struct record *r, const struct error *why)
{
	if (why->status == EX_TEMPFAIL || record_get(r, "reminder") != NULL)
		filter_refuse_temporarily(f, r, "bad_template", "%s",
		    why->text);
	else
		filter_refuse(f, r, "bad_template", "template", "%s",
		    why->text);
	if (f->refusal != NULL)
		memcpy(f->refusal->excerpt, why->excerpt,
		    sizeof(why->excerpt));
	else
		diag_excerpt(why);
}

void
misfit_refuse(struct filter *f, struct record *r, const struct misfit *m)
{
	if (m->error.status == EX_TEMPFAIL)
		templates_refuse(f, r, &m->error);
	else
		filter_refuse(f, r, m->code, m->field, "%s", m->error.text);
}

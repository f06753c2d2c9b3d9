#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "template/impl.h"

/* Values as a person reads them. */
#define REAL_TEXT_MAX	64

static int
check_characters(struct render *r, const struct expr *x, const struct tval *v)
{
	const char *fault = text_fault(v->text, v->len, r->env->one_line);

	return fault == NULL ? 0 : render_fault(r, x->base.path, "%s", fault);
}

static void
print_text(struct render *r, const struct tval *v)
{
	if (r->autoescape && !v->safe)
		html_escape(r->out, v->text, v->len);
	else
		buf_add(r->out, v->text, v->len);
}

/* Not 1e+20: a person reads it. */
static void
print_real(double d, struct buf *out)
{
	struct tval v = { .type = TVAL_REAL, .d = d };
	struct buf text = BUF_INIT(REAL_TEXT_MAX);
	const char *e, *digits;
	int exponent;

	tval_print(&v, &text);
	digits = buf_text(&text);
	e = strchr(digits, 'e');
	exponent = e == NULL ? 0 : (int)strtol(e + 1, NULL, 10);
	if (e == NULL || exponent > 180 || exponent < -180)
		buf_str(out, digits);
	else if (exponent > 0)
		buf_printf(out, "%.0f", d);
	else
		/* As many decimals as digits behind the zeros. */
		buf_printf(out, "%.*f", (int)(e - digits) - (*digits == '-') -
		    (memchr(digits, '.', text.len) != NULL) - 1 - exponent, d);
	buf_release(&text);
}

int
render_print(struct render *r, const struct expr *x, const struct tval *v)
{
	struct buf text = BUF_INIT(TEMPLATE_VALUE_MAX);
	struct tval printed;
	int rc = 0;

	if (v->type == TVAL_STRING) {
		if (r->strict && !v->own &&
		    check_characters(r, x, v) == -1)
			return -1;
		print_text(r, v);
		return 0;
	}
	if (v->type == TVAL_INTEGER) {
		buf_printf(r->out, "%lld", (long long)v->n);
		return 0;
	}
	if (v->type == TVAL_REAL) {
		print_real(v->d, r->out);
		return 0;
	}
	tval_print(v, &text);
	printed = TVAL_TEXT(buf_text(&text), text.len);
	if (text.full)
		rc = render_fault(r, x->base.path, "is too long");
	else
		print_text(r, &printed);
	buf_release(&text);
	return rc;
}

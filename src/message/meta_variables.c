#include "meta_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "message/variables.h"

/* The section [variables] of meta.conf. */

static const char *const type_names[VARIABLE_TYPES] = { "text", "number",
	"money", "time", "date", "url", "flag", "list", "object" };

/* Past the JSON array or object at `p`, as far as brackets tell. */
static const char *
json_end(const char *p)
{
	int depth = 0;
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (quoted) {
			if (p[0] == '\\' && p[1] != '\0')
				p++;
			else if (*p == '"')
				quoted = false;
			continue;
		}
		if (*p == '"')
			quoted = true;
		else if (*p == '[' || *p == '{')
			depth++;
		else if ((*p == ']' || *p == '}') && --depth <= 0)
			return p + 1;
	}
	return p;
}

static struct value *
json_literal(const struct meta_source *s, const struct meta_entry *e,
    const char **p)
{
	const char *end = json_end(*p);
	struct error why;
	struct value *v;

	v = value_parse(*p, (size_t)(end - *p), &why);
	if (v == NULL)
		meta_fault(s, e, "%s", why.text);
	*p = end;
	return v;
}

/* "true", or true: a flag's. */
static struct value *
flag_literal(const struct meta_source *s, const struct meta_entry *e,
    const char **p)
{
	size_t quotes = **p == '"', len;
	const char *word = *p + quotes;
	bool yes = strncmp(word, "true", 4) == 0;

	len = yes ? 4 : strncmp(word, "false", 5) == 0 ? 5 : 0;
	if (len == 0 || (quotes == 1 && word[len] != '"')) {
		meta_fault(s, e, "true or false expected at: %.40s", *p);
		return NULL;
	}
	*p = word + len + quotes;
	return value_new_bool(yes);
}

static struct value *
literal(const struct meta_source *s, const struct meta_entry *e,
    enum variable_type type, const char **p)
{
	struct value *v;
	char *text;

	if (type == VARIABLE_LIST || type == VARIABLE_OBJECT)
		return json_literal(s, e, p);
	if (type == VARIABLE_FLAG)
		return flag_literal(s, e, p);
	text = meta_quoted(s, e, p);
	v = text == NULL ? NULL : value_new_string(text);
	free(text);
	return v;
}

/* What follows `default` or `example`; false after a fault. */
static bool
take_literal(const struct meta_source *s, const struct meta_entry *e,
    enum variable_type type, const char *what, const char **p,
    struct value **out)
{
	const char *fault;

	if (*out != NULL) {
		meta_fault(s, e, "%s is given twice", what);
		return false;
	}
	*p += strspn(*p, " \t");
	*out = literal(s, e, type, p);
	if (*out == NULL)
		return false;
	fault = variable_is_empty(*out) ? "is empty" :
	    variable_misfit(type, *out);
	if (fault != NULL)
		meta_fault(s, e, "the %s %s", what, fault);
	return fault == NULL;
}

static bool
take_word(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0 || isalnum((unsigned char)(*p)[len]) ||
	    (*p)[len] == '_')
		return false;
	*p += len;
	return true;
}

/* One of the parts behind the type; false after a fault. */
static bool
take_property(const struct meta_source *s, const struct meta_entry *e,
    struct variable *v, const char **p)
{
	if (take_word(p, "default"))
		return take_literal(s, e, v->type, "default", p, &v->fallback);
	if (take_word(p, "example"))
		return take_literal(s, e, v->type, "example", p, &v->example);
	if (take_word(p, "required")) {
		v->required = true;
		return true;
	}
	meta_fault(s, e, "required, default or example expected at: %.40s",
	    **p == '\0' ? "the end" : *p);
	return false;
}

static bool
take_type(const struct meta_source *s, const struct meta_entry *e,
    struct variable *v, const char **p)
{
	size_t len = strcspn(*p, ", \t");

	for (int t = 0; t < VARIABLE_TYPES; t++)
		if (strlen(type_names[t]) == len &&
		    strncmp(*p, type_names[t], len) == 0) {
			v->type = (enum variable_type)t;
			*p += len;
			return true;
		}
	meta_fault(s, e, "%.*s is not a type: text, number, money, time, "
	    "date, url, flag, list or object", (int)(len > 40 ? 40 : len), *p);
	return false;
}

static bool
is_identifier(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && s[n] == '\0' && !isdigit((unsigned char)s[0]);
}

/* TYPE[, required][, default "..."][, example "..."] */
static void
read_properties(const struct meta_source *s, const struct meta_entry *e,
    struct variable *v)
{
	const char *p = e->value;

	if (!take_type(s, e, v, &p))
		return;
	for (p += strspn(p, " \t"); *p != '\0'; p += strspn(p, " \t")) {
		if (*p != ',') {
			meta_fault(s, e, "a comma expected at: %.40s", p);
			return;
		}
		p++;
		p += strspn(p, " \t");
		if (!take_property(s, e, v, &p))
			return;
	}
	/* A default would make the demand an empty one. */
	if (v->required && v->fallback != NULL)
		meta_fault(s, e, "is required, and has a default: only one "
		    "of them can be meant");
}

void
meta_variable_key(const struct meta_source *s, const struct meta_entry *e)
{
	struct variable **last = &s->meta->variables, *v;

	if (!is_identifier(e->key)) {
		meta_fault(s, e, "not a name: letters, digits and _, not "
		    "beginning with a digit");
		return;
	}
	v = meta_checked(calloc(1, sizeof(*v)));
	v->name = meta_duplicate(e->key);
	v->line = e->line;
	while (*last != NULL)
		last = &(*last)->next;
	*last = v;
	read_properties(s, e, v);
}

void
meta_variables_free(struct variable *v)
{
	struct variable *next;

	for (; v != NULL; v = next) {
		next = v->next;
		free(v->name);
		value_free(v->fallback);
		value_free(v->example);
		free(v);
	}
}

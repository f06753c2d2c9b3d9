#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/record.h"
#include "message/segments.h"
#include "template/template.h"

static const char vars_json[] = "{"
    "\"pet_name\":\"Müsli & Co <3 'x' \\\"y\\\"\","
    "\"plain\":\"{{ nothing }} {% if %}\","
    "\"empty\":\"\",\"blank\":\" \\t\\u00a0\\u200b\",\"null\":null,"
    "\"count\":7,\"real\":0.1,\"big\":1e20,\"small\":1.2e-6,"
    "\"names\":[\"Luna\",\"Max\"],\"none\":[],\"pairs\":[[1,2],[3]],\"holes\":[\"Luna\",\" \"],"
    "\"filler\":\"\\u3164\\ufe0f\",\"turned\":\"\\u202eabc\",\"yes\":true,"
    "\"items\":[{\"price\":\"$1,234.50\"}],\"object\":{},"
    "\"two_lines\":\"a\\nb\",\"tabs\":\"a\\tb\",\"bell\":\"a\\u0007b\","
    "\"return\":\"a\\rb\",\"c1\":\"a\\u0085b\",\"ls\":\"a\\u2028b\","
    "\"at\":\"2026-11-24T16:30:00Z\",\"sat\":\"2026-11-28T15:05:00Z\","
    "\"wed\":\"2026-11-25T15:00:00Z\",\"night\":\"2026-11-25T05:59:00Z\","
    "\"noon\":\"2026-11-24T12:00:00-06:00\",\"street\":\"straße ñandú\","
    "\"who\":\"vars\"}";
static const char more_json[] = "{\"contact\":{\"name\":\"Ana\"},"
    "\"who\":\"more\",\"null\":\"shadowed\"}";

static struct value *vars, *more;
static const struct value *scopes[2];
static struct template_env env;

static struct template *
parse(const char *text, struct error *e)
{
	return template_parse("reminder/es/sms", text, strlen(text), e);
}

static void
gives(const char *text, const char *want)
{
	struct buf out = BUF_INIT(4096);
	struct error e = { .text = "" };
	struct template *t = parse(text, &e);

	assert(t != NULL);
	/* Parsed once, rendered many times. */
	for (int i = 0; i < 2; i++) {
		const char *field = "?";

		buf_clear(&out);
		if (template_render(t, &env, &out, &field, &e) == -1 ||
		    strcmp(buf_text(&out), want) != 0) {
			fprintf(stderr, "%s: %s, not %s: %s\n", text,
			    buf_text(&out), want, e.text);
			abort();
		}
		assert(field == NULL);
	}
	buf_release(&out);
	template_free(t);
}

static void
refuses(const char *text, const char *field, const char *why)
{
	struct buf out = BUF_INIT(4096);
	struct error e = { .text = "" };
	struct template *t = parse(text, &e);
	const char *at;

	assert(t != NULL);
	assert(template_render(t, &env, &out, &at, &e) == -1);
	if ((at == NULL) != (field == NULL) ||
	    (at != NULL && strcmp(at, field) != 0) ||
	    strcmp(e.text, why) != 0) {
		fprintf(stderr, "%s: %s, not %s\n", text, e.text, why);
		abort();
	}
	assert(template_render(t, &env, &out, NULL, &e) == -1);
	buf_release(&out);
	template_free(t);
}

static void
wrong(const char *text, const char *why)
{
	struct error e = { .text = "" };

	assert(parse(text, &e) == NULL);
	if (strcmp(e.text, why) != 0) {
		fprintf(stderr, "%s: %s, not %s\n", text, e.text, why);
		abort();
	}
}

static void
plain_text_and_variables(void)
{
	gives("", "");
	gives("Hola.", "Hola.");
	gives("{ } }} } {", "{ } }} } {");
	gives("a{{count}}b{{ count }}{{count}}", "a7b77");
	gives("{{ items.0.price }} {{ real }} {{ big }} {{ small }}",
	    "$1,234.50 0.1 100000000000000000000 0.0000012");
	gives("{{ pet_name }}", "Müsli & Co <3 'x' \"y\"");
	gives("{{ two_lines }} {{ tabs }}", "a\nb a\tb");
}

static void
scopes_are_searched_in_order(void)
{
	gives("{{ who }} {{ contact.name }}", "vars Ana");
	/* The first scope that has the first name decides, also by null. */
	refuses("{{ null }}", "null",
	    "reminder/es/sms:1: variable null is null");
	refuses("{{ contact.city }}", "contact.city",
	    "reminder/es/sms:1: variable contact.city is missing");
}

static void
values_are_not_templates(void)
{
	gives("{{ plain }}", "{{ nothing }} {% if %}");
}

static void
html_is_escaped(void)
{
	env.html = true;
	gives("<b>{{ pet_name }}</b>", "<b>Müsli &amp; Co &lt;3 &#x27;x&#x27; "
	    "&quot;y&quot;</b>");
	gives("{{ pet_name|upper }}", "MÜSLI &amp; CO &lt;3 &#x27;X&#x27; "
	    "&quot;Y&quot;");
	gives("{% filter upper %}<b>{% endfilter %}", "<B>");
	gives("{% filter cut:\"b\" %}<b>{{ plain }}{% endfilter %}",
	    "<>{{ nothing }} {% if %}");
	/* Django prints the argument as it is. */
	gives("{% filter add:pet_name %}<b>{% endfilter %}", "&lt;b&gt;Müsli "
	    "&amp; Co &lt;3 &#x27;x&#x27; &quot;y&quot;");
	env.html = false;
}

static void
nothing_may_be_missing(void)
{
	refuses("Hola {{ nobody }}", "nobody",
	    "reminder/es/sms:1: variable nobody is missing");
	refuses("{% firstof nobody names %}", "names",
	    "reminder/es/sms:1: variable names is a list, which nobody could "
	    "read");
	refuses("{{ contact.phone }}", "contact.phone",
	    "reminder/es/sms:1: variable contact.phone is missing");
	refuses("{{ count.x }}", "count.x",
	    "reminder/es/sms:1: variable count.x is missing");
	refuses("{{ items.1 }}", "items.1",
	    "reminder/es/sms:1: variable items.1 is missing");
	refuses("{{ empty }}", "empty",
	    "reminder/es/sms:1: variable empty is empty");
	refuses("{{ blank }}", "blank",
	    "reminder/es/sms:1: variable blank is empty");
	refuses("{{ empty|upper }}", "empty",
	    "reminder/es/sms:1: variable empty is empty");
	refuses("{{ blank|day }}", "blank",
	    "reminder/es/sms:1: variable blank is empty");
	refuses("{{ object }}", "object",
	    "reminder/es/sms:1: variable object is an object, which "
	    "nobody could read");
	refuses("{{ items|upper }}", "items",
	    "reminder/es/sms:1: variable items is a list, which nobody could "
	    "read");
	refuses("{{ yes }}", "yes", "reminder/es/sms:1: variable yes is true "
	    "or false, which nobody could read");
	refuses("{{ count|add:nobody }}", "nobody",
	    "reminder/es/sms:1: variable nobody is missing");
	refuses("{{ who|slice:\":0\"|upper }}\n", "who",
	    "reminder/es/sms:1: variable who becomes empty by its filters");
	refuses("\n\n{% for x in none %}{{ x }}{% endfor %}", "none",
	    "reminder/es/sms:3: variable none is empty");
	refuses("{{ nobody|length|upper }}", "nobody", "reminder/es/sms:1: "
	    "variable nobody becomes missing, which nobody could read");
	refuses("{% with x=nobody|title %}{{ x }}{% endwith %}", "x",
	    "reminder/es/sms:1: variable x is missing");
	refuses("{% with x=names|title %}{{ x }}{% endwith %}", "names",
	    "reminder/es/sms:1: variable names is a list where the filter "
	    "title needs a text");
	refuses("{% for c in nobody|upper %}{{ c }}{% endfor %}", "nobody",
	    "reminder/es/sms:1: variable nobody is missing");
	refuses("{{ nobody|default:empty }}", "empty",
	    "reminder/es/sms:1: variable empty is empty");
	refuses("{{ who|default:\"x\"|cut:\"vars\" }}", "who",
	    "reminder/es/sms:1: variable who becomes empty by its filters");
	refuses("{{ holes|list }}", "holes", "reminder/es/sms:1: variable "
	    "holes has an item that is neither a text nor a number");
	refuses("{{ holes|join:\", \" }}", "holes",
	    "reminder/es/sms:1: variable holes has an item that is empty");
	refuses("{{ filler }}", "filler",
	    "reminder/es/sms:1: variable filler is empty");
	refuses("{{ turned }}", "turned", "reminder/es/sms:1: variable turned "
	    "has a character that turns the direction of writing");
	refuses("{% for x in nobody %}{{ x }}{% endfor %}", "nobody",
	    "reminder/es/sms:1: variable nobody is missing");
	refuses("{% firstof nobody empty %}", "empty", "reminder/es/sms:1: "
	    "variable empty is empty, and so are all before it");
}

/* Asking whether something is there is no hole in the text. */
static void
asking_is_allowed(void)
{
	gives("{% if nobody %}a{% else %}b{% endif %}", "b");
	gives("{% if empty or contact.phone %}a{% endif %}-", "-");
	gives("{{ nobody|default:\"x\" }}{{ empty|default:count }}", "x7");
	gives("{{ count }} mascota{{ count|pluralize }}", "7 mascotas");
	gives("{{ yes|yesno:\"si,no\" }}", "si");
	gives("{% for x in none %}{{ x }}{% empty %}nada{% endfor %}", "nada");
	gives("{% for x in nobody %}{{ x }}{% empty %}nada{% endfor %}",
	    "nada");
	gives("{% if nobody|upper %}a{% endif %}{% if null|title %}b{% endif %}"
	    "{{ nobody|default:\"\" }}-", "-");
	gives("{% firstof nobody count %}", "7");
	gives("{% with x=nobody %}{% if x %}a{% endif %}{% endwith %}-", "-");
	gives("{% for n in names %}{{ forloop.counter }}{{ n }}"
	    "{% if not forloop.last %}, {% endif %}{% endfor %}",
	    "1Luna, 2Max");
}

static void
control_characters_are_refused(void)
{
	static const char *const names[] = { "bell", "return", "c1" };
	char text[64], why[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "{{ %s }}", names[i]);
		snprintf(why, sizeof(why), "reminder/es/sms:1: variable %s has "
		    "a control character", names[i]);
		refuses(text, names[i], why);
		/* Also behind filters whose result needs no escaping. */
		snprintf(text, sizeof(text), "{{ %s|force_escape }}", names[i]);
		refuses(text, names[i], why);
		snprintf(text, sizeof(text), "{{ %s|join:\" \" }}", names[i]);
		refuses(text, names[i], why);
	}
	gives("{% filter upper %}a\r{% endfilter %}", "A\r");
	refuses("{{ ls }}", "ls", "reminder/es/sms:1: variable ls has a "
	    "control character");
	env.one_line = true;
	refuses("{{ two_lines }}", "two_lines", "reminder/es/sms:1: variable "
	    "two_lines has a newline in a line");
	refuses("{{ tabs }}", "tabs", "reminder/es/sms:1: variable tabs has a "
	    "control character");
	refuses("{{ ls }}", "ls", "reminder/es/sms:1: variable ls has a "
	    "newline in a line");
	env.one_line = false;
}

static void
times_as_the_reader_has_them(void)
{
	gives("{{ at|day }}", "martes 24 de noviembre");
	gives("{{ at | shortday }}", "mar 24 nov");
	gives("{{ sat|shortday }}, {{ wed|shortday }}",
	    "sab 28 nov, mie 25 nov");
	gives("{{ at|clock }} {{ sat|clock }}", "10:30 09:05");
	/* It is still the day before in Mexico. */
	gives("{{ night|day }} {{ night|clock }}",
	    "martes 24 de noviembre 23:59");
	gives("{{ at|day|upper }}", "MARTES 24 DE NOVIEMBRE");
	env.language = "es-MX";
	gives("{{ at|day }} {{ wed|shortday }} {{ at|clock }}",
	    "martes 24 de noviembre mie 25 nov 10:30");
	env.language = "en-US";
	gives("{{ at|day }}", "Tuesday, November 24");
	gives("{{ at|shortday }}", "Tue 24 Nov");
	gives("{{ at|clock }} {{ sat|clock }} {{ noon|clock }}",
	    "10:30 AM 9:05 AM 12:00 PM");
	env.language = "pt-BR";
	gives("{{ wed|shortday }} {{ at|clock }}", "qua, 25 de nov 10:30");
	env.language = "es";
}

/* A whole year of them costs no segment of 16-bit units. */
static void
short_times_stay_gsm7(void)
{
	static const char *const languages[] = { "es", "es-MX", "es-ES",
	    "en", "en-GB" };
	const char *text = "{{ t|shortday }} {{ t|clock }}";
	struct buf out = BUF_INIT(4096);
	struct value *v = value_new_object();
	const struct value *scope = v;
	struct template_env year = { .scopes = &scope, .scope_count = 1,
	    .timezone = "America/Mexico_City" };
	struct segments s;
	struct error e;
	struct template *t = parse(text, &e);
	char at[CLOCK_TEXT];

	for (int64_t day = 0; day < 366; day++) {
		clock_format(1798761600 + day * 86400 + day * 60, at);
		value_set_string(v, "t", at);
		year.language = languages[day % 5];
		buf_clear(&out);
		assert(template_render(t, &year, &out, NULL, &e) == 0);
		assert(segments_count(buf_text(&out), &s));
		assert(s.first_ucs2 == -1);
	}
	template_free(t);
	value_free(v);
	buf_release(&out);
}

static void
filters_refuse(void)
{
	refuses("{{ who|day }}", "who", "reminder/es/sms:1: variable who is "
	    "not a time, as needed by the filter day");
	refuses("{{ who|add:\"\"|floatformat }}", "who", "reminder/es/sms:1: "
	    "variable who is not a number, as needed by the filter "
	    "floatformat");
	gives("{{ street|upper }} {{ street|upper|lower }}",
	    "STRASSE ÑANDÚ strasse ñandú");
}

static void
mistakes_are_located(void)
{
	wrong("{% if x %}", "reminder/es/sms:1:1: a tag is not closed: elif, "
	    "else or endif is missing");
	wrong("áé\n ñ{% no %}", "reminder/es/sms:2:6: no such tag: no");
	wrong("{% fro x in y %}", "reminder/es/sms:1:4: no such tag: fro; did "
	    "you mean for?");
	wrong("a{% endif %}", "reminder/es/sms:1:2: endif has nothing to "
	    "close or divide here");
	wrong("{{ b c }}", "reminder/es/sms:1:6: not understood: c");
	wrong("{{ }}", "reminder/es/sms:1:1: {{ }} without a variable");
	wrong("{{{ a }}}", "reminder/es/sms:1:3: no name, number or quoted "
	    "text");
	wrong("{{ _a }}", "reminder/es/sms:1:4: a name may not begin with an "
	    "underscore");
	wrong("{{ a. }}", "reminder/es/sms:1:5: a name is missing beside the "
	    "dot");
	wrong("{{ a._b }}", "reminder/es/sms:1:6: a name may not begin with "
	    "an underscore");
	wrong("{{ a|uper }}", "reminder/es/sms:1:6: no such filter: uper; did "
	    "you mean upper?");
	wrong("{{ a| }}", "reminder/es/sms:1:6: the name of a filter is "
	    "missing after |");
	wrong("{{ a|upper:\"x\" }}", "reminder/es/sms:1:6: the filter upper "
	    "takes no argument");
	wrong("{{ a|cut }}", "reminder/es/sms:1:6: the filter cut needs an "
	    "argument");
	wrong("{% if a and %}{% endif %}", "reminder/es/sms:1:1: the "
	    "condition ends where a value is needed");
	wrong("{% if a = b %}{% endif %}", "reminder/es/sms:1:9: not "
	    "understood after the condition: =");
	wrong("{% block a %}{% endblock %}{% block a %}{% endblock %}",
	    "reminder/es/sms:1:37: there is a block of this name already");
	wrong("a\xff", "reminder/es/sms:1:2: not UTF-8");
}

/* What is not closed on its line is text to Django, not to a reader. */
static void
strays_are_refused(void)
{
	static const struct { const char *text, *why, *excerpt; } cases[] = {
		{ "a {{ b", "reminder/es/sms:1:3: {{ is not closed on its line",
		    "a {{ b\n  ^\n" },
		{ "ñ\nab {{ b\n}}",
		    "reminder/es/sms:2:4: {{ is not closed on its line",
		    "ab {{ b\n   ^\n" },
		{ "{% if x }", "reminder/es/sms:1:1: {% is not closed on its "
		    "line", "{% if x }\n^\n" },
		{ "a{# b", "reminder/es/sms:1:2: {# is not closed on its line",
		    "a{# b\n ^\n" }
	};
	struct buf out = BUF_INIT(64);
	struct template *t;
	struct error e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t = parse(cases[i].text, &e);
		assert(t != NULL);
		assert(template_parse_strict("reminder/es/sms", cases[i].text,
		    strlen(cases[i].text), &e) == NULL);
		assert(strcmp(e.text, cases[i].why) == 0);
		assert(strcmp(e.excerpt, cases[i].excerpt) == 0);
		assert(template_render(t, &env, &out, NULL, &e) == -1);
		assert(e.status == EX_CONFIG);
		env.missing = "";
		buf_clear(&out);
		assert(template_render(t, &env, &out, NULL, &e) == 0);
		assert(strcmp(buf_text(&out), cases[i].text) == 0);
		env.missing = NULL;
		template_free(t);
	}
	t = template_parse_strict("t", "{ {% verbatim %}{{{% endverbatim %} }}",
	    37, &e);
	assert(t != NULL);
	template_free(t);
	buf_release(&out);
}

/* A family of templates that a loader has. */
static const struct { const char *name, *text; } shelf[] = {
	{ "layout", "<{% block a %}1{% block in %}i{% endblock %}"
	    "{% endblock %}|{% block b %}2{% endblock %}>" },
	{ "middle", "{% extends \"layout\" %}{% block a %}[{{ block.super }}]"
	    "{% endblock %}" },
	{ "again", "x{% include \"again\" %}" },
	{ "extends-again", "{% extends \"extends-again\" %}" },
	{ "name", "{{ who }} {{ given }}" }, { "one", "z" },
	{ "broken", "a\n{% if %}" }
};
static struct template *loaded[sizeof(shelf) / sizeof(shelf[0])];

static const struct template *
load(void *ctx, const char *name, struct error *e)
{
	(void)ctx;
	for (size_t i = 0; i < sizeof(shelf) / sizeof(shelf[0]); i++) {
		if (strcmp(shelf[i].name, name) != 0)
			continue;
		if (loaded[i] == NULL)
			loaded[i] = template_parse(name, shelf[i].text,
			    strlen(shelf[i].text), e);
		return loaded[i];
	}
	error_set(e, EX_NOINPUT, "there is no template %s", name);
	return NULL;
}

static void
templates_use_each_other(void)
{
	static const struct template_loader loader = { load, NULL };

	env.loader = &loader;
	gives("{% extends \"layout\" %}", "<1i|2>");
	gives("{% extends \"layout\" %}{% block b %}B{% endblock %}dropped",
	    "<1i|B>");
	gives("{% extends \"middle\" %}{% block in %}I{{ block.super }}"
	    "{% endblock %}", "<[1Ii]|2>");
	gives("{% include \"name\" with given=count %}", "vars 7");
	refuses("{% include \"name\" with given=count only %}", "who",
	    "name:1: variable who is missing");
	/* What follows another template is told in this one's lines. */
	refuses("\n{% for a, b in pairs %}{% include \"one\" %}{% endfor %}",
	    "pairs", "reminder/es/sms:2: variable pairs has an item of 1 "
	    "values for 2 names");
	refuses("{% extends \"layout\" %}\n{% block a %}{% block in %}"
	    "{% endblock %}\n{{ nobody }}{% endblock %}", "nobody",
	    "reminder/es/sms:3: variable nobody is missing");
	refuses("{% include \"nobody\" %}", NULL,
	    "reminder/es/sms:1: there is no template nobody");
	refuses("\n{% include \"broken\" %}", NULL, "reminder/es/sms:2: "
	    "broken:2:1: the condition ends where a value is needed");
	refuses("{% include \"again\" %}", NULL, "again:1: more than 16 "
	    "templates include each other; the last is again");
	refuses("{% extends \"extends-again\" %}", NULL, "extends-again:1: "
	    "more than 16 templates extend each other; the last is "
	    "extends-again");
	for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++)
		template_free(loaded[i]);
	env.loader = NULL;
	refuses("{% include \"name\" %}", NULL,
	    "reminder/es/sms:1: there are no other templates");
}

/* What a template names, for those who check it. */
static char seen[512];

static void
see(void *ctx, const struct template_use *u)
{
	size_t used = strlen(seen);

	(void)ctx;
	snprintf(seen + used, sizeof(seen) - used, "%s@%zu:%zu%s%s ", u->path,
	    u->line, u->column, u->printed ? "!" : "", u->plain ? "p" : "");
}

static void
uses_are_told(void)
{
	struct error e;
	struct template *t = parse("{{ a.b|upper }}{% for x in list %}{{ x }}"
	    "{{ forloop.counter }}{{ y }}{% endfor %}\n{{ x }}"
	    "{% if c and not d %}{{ e|default:f }}{% endif %}"
	    "{% with g=h %}{{ g }}{% endwith %}{% include \"inc\" with k=l %}",
	    &e);

	assert(t != NULL);
	template_each_variable(t, see, NULL);
	assert(strcmp(seen, "a.b@1:4!p list@1:28 y@1:66! x@2:4!p c@2:14 "
	    "d@2:24 e@2:31 f@2:41! h@2:66 l@2:114 ") == 0);
	seen[0] = '\0';
	template_each_reference(t, see, NULL);
	assert(strcmp(seen, "inc@2:101 ") == 0);
	assert(template_has_tags(t));
	template_free(t);
}

/* Every beginning of a template either parses or is refused. */
static void
cut_off_anywhere(void)
{
	static const char text[] = "Hola {{ contact.name|upper|lower }}, {{ "
	    "items.0.price }} ñ";
	struct error e;

	for (size_t i = 0; i < sizeof(text); i++) {
		char *copy = strndup(text, i);

		template_free(template_parse("t", copy, i, &e));
		free(copy);
	}
}

static void
limits(void)
{
	static char text[TEMPLATE_MAX + 2];
	struct buf out = BUF_INIT(8);
	const char *field = "?";
	struct template *t;
	struct error e;

	memset(text, 'a', TEMPLATE_MAX + 1);
	assert(template_parse("t", text, TEMPLATE_MAX + 1, &e) == NULL);
	assert(strcmp(e.text, "t:1:1: longer than 65536 bytes") == 0);
	t = template_parse("t", text, TEMPLATE_MAX, &e);
	assert(t != NULL);
	assert(template_render(t, &env, &out, &field, &e) == -1);
	assert(field == NULL);
	assert(strcmp(e.text, "t:1: longer than 8 bytes") == 0);
	template_free(t);

	memcpy(text, "{{ ", 3);
	memcpy(text + 3 + TEMPLATE_PATH_MAX + 1, " }}", 4);
	wrong(text, "reminder/es/sms:1:4: a name of more than 128 bytes");
	memcpy(text + 3 + TEMPLATE_PATH_MAX, " }}", 4);
	t = parse(text, &e);
	assert(t != NULL);
	template_free(t);
	assert(template_parse("t", "a\0b", 3, &e) == NULL);
	buf_release(&out);
}

static struct value *
object(const char *json)
{
	struct error e;
	struct value *v = value_parse(json, strlen(json), &e);

	assert(v != NULL);
	return v;
}

/* Whatever loops and filters do, it ends, and in bounded memory. */
static void
bombs_are_defused(void)
{
	struct buf source = BUF_INIT(TEMPLATE_MAX);
	struct buf out = BUF_INIT(1024 * 1024);
	struct value *v = value_new_object(), *list = value_new_array();
	const struct value *scope = v;
	struct template_env bomb = { .scopes = &scope, .scope_count = 1,
	    .missing = "" };
	struct template *t;
	struct error e;

	for (int i = 0; i < 1000; i++)
		value_append_take(list, value_new_integer(i));
	value_set_take(v, "l", list);
	value_set_string(v, "s", "0123456789x");
	t = parse("{% for a in l %}{% for b in l %}{% for c in l %}"
	    "{% endfor %}{% endfor %}{% endfor %}", &e);
	assert(template_render(t, &bomb, &out, NULL, &e) == -1);
	assert(strstr(e.text, "more than 200000 steps") != NULL);
	template_free(t);
	/* A text that doubles with every step. */
	buf_str(&source, "{% with a=s %}");
	for (int i = 0; i < 30; i++)
		buf_str(&source, "{% with a=a|add:a %}");
	buf_str(&source, "{{ a }}");
	for (int i = 0; i < 31; i++)
		buf_str(&source, "{% endwith %}");
	t = parse(buf_text(&source), &e);
	assert(t != NULL);
	assert(template_render(t, &bomb, &out, NULL, &e) == -1);
	template_free(t);
	/* Few steps, but each of them over something long. */
	t = parse("{% with a=s|center:200000 %}{% for b in l %}{% for c in l "
	    "%}{% if a|length == 3 or s in a %}{% endif %}{% endfor %}"
	    "{% endfor %}{% endwith %}", &e);
	assert(template_render(t, &bomb, &out, NULL, &e) == -1);
	assert(strstr(e.text, "more than 200000 steps") != NULL);
	template_free(t);
	t = parse("{{ s|center:\"999999999\" }}", &e);
	assert(template_render(t, &bomb, &out, NULL, &e) == -1);
	template_free(t);
	buf_clear(&source);
	for (int i = 0; i < TEMPLATE_DEPTH_MAX; i++)
		buf_str(&source, "{% if s %}x");
	wrong(buf_text(&source), "reminder/es/sms:1:342: tags within tags, "
	    "more than 32 deep");
	buf_clear(&source);
	while (source.len + 16 < TEMPLATE_MAX)
		buf_str(&source, "{{ s }}{{ l.0 }}");
	t = parse(buf_text(&source), &e);
	assert(t != NULL);
	buf_clear(&out);
	assert(template_render(t, &bomb, &out, NULL, &e) == 0);
	template_free(t);
	buf_release(&source);
	value_free(v);
	buf_release(&out);
}

int
main(void)
{
	vars = object(vars_json);
	more = object(more_json);
	scopes[0] = vars;
	scopes[1] = more;
	env = (struct template_env){ .scopes = scopes, .scope_count = 2,
	    .language = "es", .timezone = "America/Mexico_City" };
	plain_text_and_variables();
	scopes_are_searched_in_order();
	values_are_not_templates();
	html_is_escaped();
	nothing_may_be_missing();
	asking_is_allowed();
	control_characters_are_refused();
	times_as_the_reader_has_them();
	short_times_stay_gsm7();
	filters_refuse();
	mistakes_are_located();
	strays_are_refused();
	templates_use_each_other();
	uses_are_told();
	cut_off_anywhere();
	limits();
	bombs_are_defused();
	value_free(vars);
	value_free(more);
	return 0;
}

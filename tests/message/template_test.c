#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/record.h"
#include "message/segments.h"
#include "message/template.h"

static const char vars_json[] = "{"
    "\"pet_name\":\"Müsli & Co <3 'x' \\\"y\\\"\","
    "\"plain\":\"{{ nothing }} {% if %}\","
    "\"empty\":\"\",\"blank\":\" \\t\\u00a0\\u200b\",\"null\":null,"
    "\"count\":7,\"real\":0.1,\"yes\":true,"
    "\"items\":[{\"price\":\"$1,234.50\"}],\"object\":{},"
    "\"two_lines\":\"a\\nb\",\"tabs\":\"a\\tb\",\"bell\":\"a\\u0007b\","
    "\"return\":\"a\\rb\",\"c1\":\"a\\u0085b\",\"ls\":\"a\\u2028b\","
    "\"at\":\"2026-11-24T16:30:00Z\",\"sat\":\"2026-11-28T15:05:00Z\","
    "\"wed\":\"2026-11-25T15:00:00Z\",\"night\":\"2026-11-25T05:59:00Z\","
    "\"noon\":\"2026-11-24T12:00:00-06:00\",\"street\":\"straße ñandú\","
    "\"who\":\"vars\"}";
static const char more_json[] = "{\"contact\":{\"name\":\"Ana\"},"
    "\"who\":\"more\",\"null\":\"shadowed\"}";
static const char last_json[] = "{\"contact\":{\"name\":\"Eva\","
    "\"city\":\"León\"}}";

static struct value *vars, *scopes[2];
static const struct value *more[2];
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
	if (at == NULL || strcmp(at, field) != 0 ||
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
	gives("{{ items.0.price }} {{ real }} {{ yes }}",
	    "$1,234.50 0.1 true");
	gives("{{ pet_name }}", "Müsli & Co <3 'x' \"y\"");
	gives("{{ two_lines }} {{ tabs }}", "a\nb a\tb");
}

static void
scopes_are_searched_in_order(void)
{
	gives("{{ who }} {{ contact.name }} {{ contact.city }}",
	    "vars Ana León");
	/* Null in the first scope decides. */
	refuses("{{ null }}", "null",
	    "reminder/es/sms: variable null is null");
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
	env.html = false;
}

static void
nothing_may_be_missing(void)
{
	refuses("Hola {{ nobody }}", "nobody",
	    "reminder/es/sms: variable nobody is missing");
	refuses("{{ contact.phone }}", "contact.phone",
	    "reminder/es/sms: variable contact.phone is missing");
	refuses("{{ count.x }}", "count.x",
	    "reminder/es/sms: variable count.x is missing");
	refuses("{{ items.1 }}", "items.1",
	    "reminder/es/sms: variable items.1 is missing");
	refuses("{{ empty }}", "empty",
	    "reminder/es/sms: variable empty is empty");
	refuses("{{ blank }}", "blank",
	    "reminder/es/sms: variable blank is empty");
	refuses("{{ empty|upper }}", "empty",
	    "reminder/es/sms: variable empty is empty");
	refuses("{{ blank|day }}", "blank",
	    "reminder/es/sms: variable blank is empty");
	refuses("{{ object }}", "object",
	    "reminder/es/sms: variable object is an object");
	refuses("{{ items|upper }}", "items",
	    "reminder/es/sms: variable items is an array");
}

static void
control_characters_are_refused(void)
{
	static const char *const names[] = { "bell", "return", "c1" };
	char text[64], why[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "{{ %s }}", names[i]);
		snprintf(why, sizeof(why), "reminder/es/sms: variable %s has "
		    "a control character", names[i]);
		refuses(text, names[i], why);
	}
	gives("{{ ls }}", "a\xe2\x80\xa8" "b");
	env.one_line = true;
	refuses("{{ two_lines }}", "two_lines", "reminder/es/sms: variable "
	    "two_lines has a newline in a line");
	refuses("{{ tabs }}", "tabs", "reminder/es/sms: variable tabs has a "
	    "control character");
	refuses("{{ ls }}", "ls", "reminder/es/sms: variable ls has a "
	    "control character");
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
	struct template_env year = { .vars = v,
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
	refuses("{{ who|day }}", "who", "reminder/es/sms: variable who is not "
	    "a time, as needed by the filter day");
	refuses("{{ count|clock }}", "count", "reminder/es/sms: variable "
	    "count is not a time, as needed by the filter clock");
	env.timezone = "America/Atlantis";
	refuses("{{ at|day }}", "at", "reminder/es/sms: variable at cannot be "
	    "written without a time zone");
	env.timezone = NULL;
	refuses("{{ at|day }}", "at", "reminder/es/sms: variable at cannot be "
	    "written without a time zone");
	env.timezone = "America/Mexico_City";
	env.language = NULL;
	refuses("{{ at|day }}", "at", "reminder/es/sms: variable at cannot be "
	    "written without a language");
	gives("{{ street|upper }} {{ street|upper|lower }}",
	    "STRASSE ÑANDÚ strasse ñandú");
	env.language = "es";
}

static void
mistakes_are_located(void)
{
	wrong("{% if x %}",
	    "reminder/es/sms:1:1: not supported yet: tag {% %}");
	wrong("áé\n ñ{# no #}",
	    "reminder/es/sms:2:3: not supported yet: tag {# #}");
	wrong("a {{ b", "reminder/es/sms:1:3: {{ is not closed by }}");
	wrong("a {{ b\n}}", "reminder/es/sms:1:3: {{ is not closed by }}");
	wrong("{{ b }", "reminder/es/sms:1:6: unexpected character before }}");
	wrong("{{ b c }}",
	    "reminder/es/sms:1:6: unexpected character before }}");
	wrong("{{ }}", "reminder/es/sms:1:4: a variable name is missing");
	wrong("{{", "reminder/es/sms:1:3: a variable name is missing");
	wrong("{{{ a }}}", "reminder/es/sms:1:3: a variable name is missing");
	wrong("{{ _a }}", "reminder/es/sms:1:4: a variable name is missing");
	wrong("{{ a. }}", "reminder/es/sms:1:6: a name is missing after the "
	    "dot");
	wrong("{{ a._b }}", "reminder/es/sms:1:6: a name is missing after the "
	    "dot");
	wrong("{{ a|date }}", "reminder/es/sms:1:6: no such filter: it is one "
	    "of day, shortday, clock, upper, lower");
	wrong("{{ a| }}", "reminder/es/sms:1:7: no such filter: it is one "
	    "of day, shortday, clock, upper, lower");
	wrong("{{ a|day:\"x\" }}",
	    "reminder/es/sms:1:9: this filter takes no argument");
	wrong("{{ a|upper|upper|upper|upper|upper }}",
	    "reminder/es/sms:1:30: too many filters");
	wrong("a\xff", "reminder/es/sms:1:2: not UTF-8");
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
	assert(strcmp(e.text, "t: longer than 8 bytes") == 0);
	template_free(t);

	memcpy(text, "{{ ", 3);
	memcpy(text + 3 + TEMPLATE_NAME_MAX + 1, " }}", 4);
	wrong(text, "reminder/es/sms:1:4: the variable name is too long");
	memcpy(text + 3 + TEMPLATE_NAME_MAX, " }}", 4);
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

int
main(void)
{
	vars = object(vars_json);
	more[0] = scopes[0] = object(more_json);
	more[1] = scopes[1] = object(last_json);
	env = (struct template_env){ .vars = vars, .more = more,
	    .more_count = 2, .language = "es",
	    .timezone = "America/Mexico_City" };
	plain_text_and_variables();
	scopes_are_searched_in_order();
	values_are_not_templates();
	html_is_escaped();
	nothing_may_be_missing();
	control_characters_are_refused();
	times_as_the_reader_has_them();
	short_times_stay_gsm7();
	filters_refuse();
	mistakes_are_located();
	cut_off_anywhere();
	limits();
	value_free(vars);
	value_free(scopes[0]);
	value_free(scopes[1]);
	return 0;
}

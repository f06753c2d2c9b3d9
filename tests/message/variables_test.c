#include "fixture.h"

#include <sysexits.h>

#include "message/variables.h"

static void
is(enum variable_type type, const char *list, bool fits)
{
	struct value *v = json(list);

	for (size_t i = 0; i < value_count(v); i++)
		if ((variable_misfit(type, value_at(v, i)) == NULL) != fits) {
			fprintf(stderr, "type %d: ", (int)type);
			same_json(value_at(v, i), fits ? "fits" : "fits not");
		}
	value_free(v);
}

static void
types(void)
{
	is(VARIABLE_TEXT, "[\"a\",\"a\\nb\",7,0.5]", true);
	is(VARIABLE_TEXT, "[true,[\"a\"],{\"a\":1}]", false);
	is(VARIABLE_NUMBER, "[0,-7,1.5,\"12\",\"-1.50\",\"+3\"]", true);
	is(VARIABLE_NUMBER, "[\"1e3\",\"1,000\",\".5\",\"5.\",\"0x10\",\" 1\","
	    "\"1 \",\"--1\",true,[1]]", false);
	is(VARIABLE_MONEY, "[450,450.5,\"450.00\",\"450.00 MXN\",\"MXN 450\","
	    "\"450MXN\",\"-1.50 USD\"]", true);
	is(VARIABLE_MONEY, "[\"$450\",\"450.00 mxn\",\"450 MXNX\",\"MXN\","
	    "\"MXN 4 5\",\"450 MXN 3\",\"USD 1 MXN\",\"1,350.00\",false]",
	    false);
	is(VARIABLE_TIME, "[\"2026-11-24T10:30:00-06:00\","
	    "\"2026-11-24T10:30:00Z\",\"2026-11-24T10:30\","
	    "\"2026-11-24 10:30:00\"]", true);
	is(VARIABLE_TIME, "[\"2026-11-24\",\"mañana\",\"2026-02-30T10:00\","
	    "\"10:30\",20261124,\"2026-11-24T10:30:00-06:00 \"]", false);
	is(VARIABLE_DATE, "[\"2026-11-24\",\"2028-02-29\","
	    "\"2026-11-24T10:30\",\"2026-11-24T10:30:00Z\"]", true);
	is(VARIABLE_DATE, "[\"2026-02-29\",\"2026-13-01\",\"24-11-2026\","
	    "\"2026/11/24\",\"20261124\",\"2026-1-240\",20261124]", false);
	is(VARIABLE_URL, "[\"https://a.example\",\"http://a.example:8/b?c#d\","
	    "\"https://a.example/ñ\",\"http://[::1]/\"]", true);
	is(VARIABLE_URL, "[\"https://\",\"https:///a\",\"https://?a\","
	    "\"ftp://a\",\"javascript:alert(1)\",\"a.example\",\"HTTPS\","
	    "\"https://a b\",\"https://a/\\n\",\"https://a/\\u00a0\","
	    "\"https://a/\\u200b\",\"https://:80/\",\"https://@b/\",7]",
	    false);
	is(VARIABLE_FLAG, "[true,false]", true);
	is(VARIABLE_FLAG, "[\"true\",1,0,\"yes\"]", false);
	is(VARIABLE_LIST, "[[1],[[]]]", true);
	is(VARIABLE_LIST, "[\"a\",{\"a\":1},1]", false);
	is(VARIABLE_OBJECT, "[{\"a\":1}]", true);
	is(VARIABLE_OBJECT, "[\"a\",[1],1]", false);
}

static void
empties(void)
{
	struct value *v = json("[null,\"\",\" \\t\\n\",\"\\u00a0\\u200b\","
	    "\"\\u3164\\ufeff\\u2028\",[],{}]");
	struct value *w = json("[0,false,\"0\",[null],{\"a\":null},\".\"]");

	assert(variable_is_empty(NULL));
	for (size_t i = 0; i < value_count(v); i++)
		assert(variable_is_empty(value_at(v, i)));
	for (size_t i = 0; i < value_count(w); i++)
		assert(!variable_is_empty(value_at(w, i)));
	value_free(v);
	value_free(w);
}

static void
fills(const char *vars, const char *want)
{
	struct value *v = vars == NULL ? NULL : json(vars), *filled;
	struct misfit why = { .code = "" };

	filled = variables_fill(good("v"), v, &why);
	if (filled == NULL)
		fprintf(stderr, "%s\n", why.error.text);
	assert(filled != NULL);
	same_json(filled, want);
	value_free(filled);
	if (vars != NULL)
		same_json(v, vars);	/* as it was */
	value_free(v);
}

static void
refuses(const char *vars, const char *code, const char *field,
    const char *text)
{
	struct value *v = json(vars);
	struct misfit why = { .code = "" };

	assert(variables_fill(good("v"), v, &why) == NULL);
	same(why.code, code);
	same(why.field, field);
	same(why.error.text, text);
	assert(why.error.status == EX_DATAERR);
	value_free(v);
}

static void
filling(void)
{
	put("v/meta.conf", "[variables]\npet = text, required\n"
	    "at = time\nservice = text, default \"\xe2\x80\x94\"\n"
	    "items = list, default [\"a\"]\nnote = text\nok = flag, "
	    "required\n");
	put("v/es/text", "hola");
	reopen("es");
	fills("{\"pet\":\"Luna\",\"ok\":false}", "{\"pet\":\"Luna\","
	    "\"ok\":false,\"service\":\"\xe2\x80\x94\",\"items\":[\"a\"]}");
	fills("{\"pet\":7,\"ok\":true,\"service\":\"Ba\xc3\xb1o\","
	    "\"items\":[1],\"note\":\"x\",\"more\":null}",
	    "{\"pet\":7,\"ok\":true,\"service\":\"Ba\xc3\xb1o\","
	    "\"items\":[1],\"note\":\"x\",\"more\":null}");
	/* What an export has for nothing is nothing. */
	fills("{\"pet\":\"Luna\",\"ok\":true,\"at\":null,\"note\":\"  \","
	    "\"service\":\"\",\"items\":[]}", "{\"pet\":\"Luna\","
	    "\"ok\":true,\"service\":\"\xe2\x80\x94\",\"items\":[\"a\"]}");
	refuses("{\"ok\":true}", "missing_variable", "vars.pet",
	    "template v: variable pet is missing");
	for (const char *const *empty = (const char *const[]){ "null", "\"\"",
	    "\"\\u200b\"", "[]", NULL }; *empty != NULL; empty++) {
		char vars[64];

		snprintf(vars, sizeof(vars), "{\"pet\":%s,\"ok\":true}",
		    *empty);
		refuses(vars, "empty_variable", "vars.pet",
		    "template v: variable pet is empty");
	}
	refuses("{\"pet\":\"x\",\"ok\":true,\"at\":\"ma\xc3\xb1" "ana\"}",
	    "bad_variable", "vars.at", "template v: variable at is not a "
	    "time: \"ma\xc3\xb1" "ana\"");
	refuses("{\"pet\":{\"name\":\"Luna\"},\"ok\":true}", "bad_variable",
	    "vars.pet", "template v: variable pet is not a text: "
	    "{\"name\":\"Luna\"}");
	refuses("{\"pet\":\"x\",\"ok\":\"yes\"}", "bad_variable", "vars.ok",
	    "template v: variable ok is neither true nor false: \"yes\"");
	refuses("[1]", "bad_variable", "vars", "vars is not an object");
}

static void
shown_values_are_cut_between_characters(void)
{
	struct buf vars = BUF_INIT(4096), want = BUF_INIT(4096);

	buf_str(&vars, "{\"pet\":\"x\",\"ok\":true,\"at\":\"");
	buf_str(&want, "template v: variable at is not a time: \"");
	for (int i = 0; i < 100; i++)
		buf_str(&vars, "\xe2\x82\xac");
	for (int i = 0; i < 19; i++)
		buf_str(&want, "\xe2\x82\xac");
	buf_str(&vars, "\"}");
	buf_str(&want, "...");
	refuses(buf_text(&vars), "bad_variable", "vars.at", buf_text(&want));
	buf_release(&vars);
	buf_release(&want);
}

static void
nothing_declared(void)
{
	struct misfit why;
	struct value *v;

	put("none/meta.conf", "");
	put("none/es/text", "hola");
	v = variables_fill(good("none"), NULL, &why);
	same_json(v, "{}");
	value_free(v);
}

int
main(void)
{
	enter_home();
	types();
	empties();
	filling();
	shown_values_are_cut_between_characters();
	nothing_declared();
	remove_home();
	return 0;
}

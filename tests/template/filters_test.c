#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "template/template.h"

/*
 * The filters of texts, of HTML and of lists.  What they are to give was taken
 * from Django 3.2.25 on Python 3.11.
 */
static struct template_env env;
static const struct value *scopes[1];
static struct buf last = BUF_INIT(4 * TEMPLATE_VALUE_MAX);

static int
render(const char *json, const char *text)
{
	struct error e = { .text = "" };
	struct value *v = value_parse(json, strlen(json), &e);
	struct template *t = template_parse("t", text, strlen(text), &e);
	int rc;

	if (v == NULL || t == NULL)
		fprintf(stderr, "%s %s: %s\n", json, text, e.text);
	assert(v != NULL && t != NULL);
	scopes[0] = v;
	env.scopes = scopes;
	env.scope_count = 1;
	buf_clear(&last);
	rc = template_render(t, &env, &last, NULL, &e);
	if (rc == -1) {
		buf_clear(&last);
		buf_str(&last, e.text);
	}
	template_free(t);
	value_free(v);
	return rc;
}

static void
shows(const char *json, const char *text, const char *want)
{
	int rc = render(json, text);

	assert(rc == 0);
	assert(strcmp(buf_text(&last), want) == 0);
}

/* `v` through a filter. */
static int
filter(const char *v, const char *expression)
{
	struct buf data = BUF_INIT(2 * TEMPLATE_VALUE_MAX);
	struct buf text = BUF_INIT(TEMPLATE_MAX);
	int rc;

	buf_printf(&data, "{\"v\":%s,\"amp\":\"&\",\"null\":null,\"list\":"
	    "[3]}", v);
	buf_printf(&text, "{{ v|%s }}", expression);
	rc = render(buf_text(&data), buf_text(&text));
	buf_release(&data);
	buf_release(&text);
	return rc;
}

static void
gives(const char *v, const char *expression, const char *want)
{
	if (filter(v, expression) == -1 ||
	    strcmp(buf_text(&last), want) != 0) {
		fprintf(stderr, "%.200s|%s: %.200s, not %s\n", v, expression,
		    buf_text(&last), want);
		abort();
	}
}

static void
refuses(const char *v, const char *expression, const char *why)
{
	if (filter(v, expression) == 0 ||
	    strstr(buf_text(&last), why) == NULL) {
		fprintf(stderr, "%.200s|%s: %.200s, not %s\n", v, expression,
		    buf_text(&last), why);
		abort();
	}
}

/* Refused, but Django gives `want`, or an exception. */
static void
fails(const char *v, const char *expression, const char *why, const char *want)
{
	refuses(v, expression, why);
	env.missing = "";
	gives(v, expression, want);
	env.missing = NULL;
}

static void
defaults(void)
{
	gives("\"a\"", "default:\"b\"", "a");
	gives("\"\"", "default:\"b\"", "b");
	gives("0", "default:\"b\"", "b");
	gives("null", "default:\"b\"", "b");
	gives("\"\"", "default:\"\"", "");
	gives("[]", "default:7", "7");
	gives("null", "default_if_none:\"b\"", "b");
	gives("\"\"", "default_if_none:\"b\"", "");
	gives("0", "default_if_none:\"b\"", "0");
	shows("{}", "{{ v|default:'b' }}", "b");
	env.html = true;
	gives("\"\"", "default:\"<b>\"", "<b>");
	gives("\"\"", "default:amp", "&amp;");
	env.html = false;
}

static void
answers(void)
{
	gives("true", "yesno:\"a,b,c\"", "a");
	gives("false", "yesno:\"a,b,c\"", "b");
	gives("null", "yesno:\"a,b,c\"", "c");
	gives("\"\"", "yesno:\"a,b\"", "b");
	gives("[0]", "yesno:\"a,\"", "a");
	gives("0", "yesno:\"a,\"", "");
	gives("true", "yesno:\"a,b,c,d\"", "a");
	gives("null", "yesno", "maybe");
	gives("true", "yesno:null", "yes");
	fails("null", "yesno:\"a,b\"", "no third text", "b");
	fails("\"x\"", "yesno:\"a\"", "not two or three texts", "x");
	fails("\"x\"", "yesno:1", "argument is not a text", "x");
	env.language = "es";
	gives("null", "yesno", "quizás");
	env.language = "es-MX";
	gives("true", "yesno", "sí");
	gives("null", "yesno", "tal vez");
	env.language = "est";
	gives("true", "yesno", "yes");
	env.language = NULL;
}

static void
cases(void)
{
	gives("\"straße ﬁ ŉ ΐ ı\"", "upper",
	    "STRASSE FI ʼN \u0399\u0308\u0301 I");
	gives("\"İI ΟΔΟΣ ΣΑΣ.\"", "lower", "i\u0307i οδος σας.");
	gives("\"éa\"", "capfirst", "Éa");
	gives("\"ßß\"", "capfirst", "SSß");
	gives("\"A B\"", "capfirst", "A B");
	gives("\"don't stop\"", "title", "Don't Stop");
	gives("\"1st 3d xx'a'b\"", "title", "1st 3d Xx'a'B");
	gives("\"1a'b ٣a\"", "title", "1a'B ٣a");
	gives("\"ßa ǆx ﬁN\"", "title", "Ssa ǅx Fin");
	gives("\"ΟΔΥΣΣΕΥΣ İX\"", "title", "Οδυσσευς İx");
	gives("\"o'neill-smith ÉCOLE\"", "title", "O'Neill-Smith École");
	env.html = true;
	gives("\"<i>\"", "safe|lower", "<i>");
	gives("\"<i>\"", "safe|upper", "&lt;I&gt;");
	gives("\"<i>\"", "safe|capfirst|title", "<I>");
	env.html = false;
}

static void
truncation(void)
{
	gives("\"Hello\"", "truncatechars:5", "Hello");
	gives("\"Hello\"", "truncatechars:4", "Hel…");
	gives("\"Hello\"", "truncatechars:0", "…");
	gives("\"Hello\"", "truncatechars:\"-3\"", "…");
	gives("\"e\\u0301e\\u0301e\\u0301\"", "truncatechars:2", "é…");
	gives("\"q\\u0301q\\u0301q\\u0301\"", "truncatechars:2", "q\u0301…");
	gives("\"q\\u0301q\\u0301\"", "truncatechars:2", "q\u0301q\u0301");
	gives("\"😀😀😀\"", "truncatechars:\" 2 \"", "😀…");
	gives("\"e\\u0301\"", "truncatechars:9", "é");
	fails("\"Hello\"", "truncatechars:\"x\"", "not a whole number",
	    "Hello");
	env.language = "es-MX";
	gives("\"Hello\"", "truncatechars:4", "H...");
	gives("\"Hello\"", "truncatechars:2", "...");
	env.language = NULL;
	gives("\" a \\u00a0b\\u2028c \"", "truncatewords:2", "a b …");
	gives("\" a  b \"", "truncatewords:2", "a b");
	gives("\"a b\"", "truncatewords:0", " …");
	gives("\"a b c\"", "truncatewords:-1", "a b …");
	gives("\"a … c\"", "truncatewords:2", "a …");
	fails("\"a  b\"", "truncatewords:\"\"", "not a whole number", "a  b");
	gives("\" a\\u001cb c\\n\"", "wordcount", "3");
	gives("\"a\"", "wordcount", "1");
	gives("12", "wordcount", "1");
}

static void
changes(void)
{
	gives("\"banana\"", "cut:\"an\"", "ba");
	gives("\"aaa\"", "cut:\"aa\"", "a");
	gives("\"a b c\"", "cut:\" \"", "abc");
	gives("\"abc\"", "cut:\"\"", "abc");
	fails("\"a1b\"", "cut:1", "argument is not a text", "a1b");
	refuses("\"a\"", "cut:\"a\"", "empty");
	gives("\"a\\\"b'c\\\\d\"", "addslashes", "a\\\"b\\'c\\\\d");
	gives("\"ab\"", "addslashes", "ab");
	gives("\"'\"", "addslashes", "\\'");
	gives("\" Año Nuevo: -- 2ª_vez! \"", "slugify", "ano-nuevo-2a_vez");
	gives("\"_-a--b \\u001c-_\"", "slugify", "a-b");
	gives("\"ﬁ ½ 가x\"", "slugify", "fi-12-x");
	refuses("\"¡\"", "slugify", "empty");
	env.html = true;
	gives("\"<&amp;\"", "safe|cut:\"<\"", "&amp;");
	gives("\"<&amp;\"", "safe|cut:\";\"", "&lt;&amp;amp");
	gives("\"<\"", "safe|addslashes", "<");
	env.html = false;
}

static void
padding(void)
{
	gives("\"ab\"", "center:5", "  ab ");
	gives("\"abc\"", "center:6", " abc  ");
	gives("\"é😀\"", "center:\"4\"", " é😀 ");
	gives("\"abc\"", "center:-1", "abc");
	gives("\"ab\"", "ljust:4", "ab  ");
	gives("7", "ljust:2", "7 ");
	gives("\"ab\"", "ljust:1", "ab");
	gives("\"ab\"", "rjust:4", "  ab");
	gives("\"é\"", "rjust:2", " é");
	gives("\"ab\"", "rjust:0", "ab");
	fails("\"ab\"", "rjust:\"x\"", "not a whole number", "ab");
	refuses("\"ab\"", "center:99999999", "becomes too long");
	refuses("\"ab\"", "rjust:9223372036854775807", "becomes too long");
	gives("\"ab\"", "ljust:-9223372036854775808", "ab");
}

static void
sums(void)
{
	gives("4", "add:\"2\"", "6");
	gives("\" 4 \"", "add:-5", "-1");
	gives("3.9", "add:1.9", "4");
	gives("true", "add:1", "2");
	gives("\"4.5\"", "add:\"2\"", "4.52");
	gives("\"a\"", "add:\"b\"", "ab");
	gives("[1]", "add:list|join:\"-\"", "1-3");
	fails("4", "add:\"b\"", "cannot add a text", "");
	fails("[1]", "add:1", "cannot add a number", "");
	/* Python's integers have no end; a sum cut short would be a lie. */
	fails("9223372036854775807", "add:1", "too large a number", "");
	fails("\"99999999999999999999\"", "add:\"1\"", "too large", "");
	gives("\"99999999999999999999\"", "add:\"x\"", "99999999999999999999x");
	env.html = true;
	gives("\"<\"", "safe|add:\"<\"", "<<");
	gives("\"<\"", "safe|add:amp", "&lt;&amp;");
	env.html = false;

	gives("1", "pluralize", "");
	gives("2", "pluralize", "s");
	gives("1.0", "pluralize:\"es\"", "");
	gives("\"0\"", "pluralize:\"y,ies\"", "ies");
	gives("\" 1 \"", "pluralize:\"y,ies\"", "y");
	gives("[5]", "pluralize:\"y,ies\"", "y");
	gives("[]", "pluralize", "s");
	gives("{}", "pluralize", "s");
	gives("true", "pluralize", "");
	fails("\"x\"", "pluralize", "not a number or a list", "");
	fails("null", "pluralize", "not a number or a list", "");
	fails("1", "pluralize:\"a,b,c\"", "more than one comma", "");
}

static void
escaping(void)
{
	gives("\"<&\\\"'>\"", "escape", "<&\"'>");
	gives("\"<&\\\"'>\"", "force_escape", "&lt;&amp;&quot;&#x27;&gt;");
	gives("\"<\"", "safe", "<");
	env.html = true;
	gives("\"<&\\\"'>\"", "escape", "&lt;&amp;&quot;&#x27;&gt;");
	gives("\"<\"", "escape|escape", "&lt;");
	gives("\"<\"", "force_escape|force_escape", "&amp;lt;");
	gives("\"<\"", "safe", "<");
	gives("\"<\"", "safe|escape", "<");
	shows("{\"v\":\"<\"}", "{% autoescape off %}{{ v }}{{ v|escape }}"
	    "{{ v|linebreaksbr }}{% endautoescape %}", "<&lt;<");
	env.html = false;
	gives("\"a b/ñ~&?\"", "urlencode", "a%20b/%C3%B1~%26%3F");
	gives("\"a/b\"", "urlencode:\"\"", "a%2Fb");
	gives("\"a/b&ñ\"", "urlencode:\"&ñ\"", "a%2Fb&%C3%B1");
	gives("\"/\"", "urlencode:null", "/");
	fails("\"a b\"", "urlencode:1", "argument is not a text", "a b");
}

static void
lines(void)
{
	gives("\"a\\nb\"", "linebreaks", "<p>a<br>b</p>");
	gives("\"a\\r\\n\\r\\n\\rb\\r\"", "linebreaks",
	    "<p>a</p>\n\n<p>b<br></p>");
	gives("\"\\n\\na\"", "linebreaks", "<p></p>\n\n<p>a</p>");
	gives("\"a\\rb\\r\\nc\\n\\nd\"", "linebreaksbr",
	    "a<br>b<br>c<br><br>d");
	gives("\"a\\n\"", "linebreaksbr", "a<br>");
	env.html = true;
	gives("\"<\\n&\"", "linebreaks", "<p>&lt;<br>&amp;</p>");
	gives("\"<\\n&\"", "linebreaksbr", "&lt;<br>&amp;");
	gives("\"<\\n&\"", "safe|linebreaksbr", "<<br>&");
	env.html = false;
}

/* What Python 3.11's html.parser makes of it. */
static void
tags(void)
{
	gives("\"<b>a</b> < c > <br/>d\"", "striptags", "a < c > d");
	gives("\"a <b>&amp b &#39 c\"", "striptags", "a &amp; b &#39; c");
	gives("\"&amp b\"", "striptags", "&amp b");
	gives("\"x<!-- <b> -- >y<?pi?>z<!doctype html>w\"", "striptags",
	    "xyzw");
	gives("\"<<b>i>x\"", "striptags", "x");
	gives("\"<a title='>'>x</a>\"", "striptags", "x");
	gives("\"<a title='>x</a>\"", "striptags", "<a title='>x");
	gives("\"<script><b>1</b></script><b>2</b>\"", "striptags", "12");
	gives("\"a<script>b\"", "striptags", "a");
	gives("\"a<script/>b\"", "striptags", "ab");
	gives("\"1 < 2\"", "striptags", "1 < 2");
	gives("\"a<![CDATA[b]] >c<![if x]>d\"", "striptags", "acd");
	gives("\"a&#; <b>c</b>\"", "striptags", "a&#; c");
	gives("\"&#;&#; <b>c</b>\"", "striptags", "&#;&#; <b>c</b>");
	fails("\"a<![x]>\"", "striptags", "does not understand", "");
	refuses("\"<b></b>\"", "striptags", "empty");
	env.html = true;
	gives("\"<b>a&amp;</b>\"", "safe|striptags", "a&amp;");
	gives("\"<b>a&amp;</b>\"", "striptags", "a&amp;amp;");
	env.html = false;
}

static void
lists(void)
{
	gives("[\"a\",2,3.5]", "join:\", \"", "a, 2, 3.5");
	gives("\"héy\"", "join:\"-\"", "h-é-y");
	gives("{\"b\":1,\"a\":2}", "join:\"+\"", "b+a");
	gives("[\"a\",\"b\"]", "join:1", "a1b");
	gives("[\"a\",\"b\"]", "join:amp", "a&b");
	fails("7", "join:\", \"", "not a list", "7");
	fails("[\"a\",null]", "join:\", \"", "an item that is null",
	    "a, None");
	env.html = true;
	gives("[\"<\",1]", "join:\"<br>\"", "&lt;<br>1");
	gives("[\"<\",1]", "join:amp", "&lt;&amp;1");
	env.html = false;

	gives("[1,2]", "length", "2");
	gives("\"né😀\"", "length", "3");
	gives("[]", "length", "0");
	gives("{\"a\":1}", "length", "1");
	fails("7", "length", "not a list", "0");
	fails("null", "length", "null", "0");

	gives("[\"a\",\"b\"]", "first", "a");
	gives("\"éa\"", "first", "é");
	gives("[\"a\",\"b\"]", "last", "b");
	gives("\"aé\"", "last", "é");
	gives("[[],[1,2]]", "last|length", "2");
	refuses("[]", "first", "empty");
	refuses("7", "last", "not a list");
	env.html = true;
	gives("\"<i\"", "safe|first", "&lt;");
	gives("\"i<\"", "safe|last", "<");
	env.html = false;
}

static void
slices(void)
{
	gives("\"añbcd\"", "slice:\":2\"", "añ");
	gives("\"añbcd\"", "slice:2", "añ");
	gives("\"añbcd\"", "slice:\"1:-1\"", "ñbc");
	gives("\"añbcd\"", "slice:\"-3:\"", "bcd");
	gives("\"añbcd\"", "slice:\"::-1\"", "dcbña");
	gives("\"añbcd\"", "slice:\"::2\"", "abd");
	gives("\"añbcd\"", "slice:\"-1:0:-2\"", "db");
	gives("\"añbcd\"", "slice:\" 1 :99\"", "ñbcd");
	gives("\"añbcd\"", "slice:\"\"", "añbcd");
	gives("\"abc\"", "slice:\"::9223372036854775807\"", "a");
	gives("\"abc\"", "slice:\"::-9223372036854775808\"", "c");
	gives("[1,2,3]", "slice:\":2\"|join:\",\"", "1,2");
	gives("[1,2,3]", "slice:\"::-1\"|join:\",\"", "3,2,1");
	gives("[1,2,3]", "slice:\"5:\"|length", "0");
	fails("\"abc\"", "slice:\"x\"", "START:STOP", "abc");
	fails("\"abc\"", "slice:\"::0\"", "START:STOP", "abc");
	fails("\"abc\"", "slice:\":::\"", "START:STOP", "abc");
	fails("7", "slice:\":1\"", "not a list", "7");
	refuses("\"abc\"", "slice:\"3:\"", "empty");
}

/* `unit` many times, of `len` bytes in all, as JSON. */
static void
repeat(struct buf *b, const char *unit, size_t len)
{
	buf_clear(b);
	buf_char(b, '"');
	while (b->len + strlen(unit) < len)
		buf_str(b, unit);
	buf_char(b, '"');
}

static void
bounds(void)
{
	static const char *const growing[] = { "upper", "add:v", "join:\",\"",
		"linebreaks", "urlencode", "force_escape", "addslashes",
		"center:999999", "join:v" };
	static const char *const hostile[] = { "<a ", "<", "<<a>", "<!-- >",
		"<![cdata[>", "&a", "&#;", "<a b='>", "</", "] ", "<a ='\\\"" };
	struct buf b = BUF_INIT(2 * TEMPLATE_VALUE_MAX);

	env.missing = "";
	repeat(&b, "ΐ'''\\n", TEMPLATE_VALUE_MAX - 8);
	for (size_t i = 0; i < sizeof(growing) / sizeof(growing[0]); i++)
		refuses(b.data, growing[i], "becomes too long");
	/* These take seconds when anything of theirs is quadratic. */
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		repeat(&b, hostile[i], TEMPLATE_VALUE_MAX - 8);
		filter(b.data, "striptags");
	}
	repeat(&b, "Σ\u0301", TEMPLATE_VALUE_MAX - 8);
	gives(b.data, "title|lower|truncatechars:2", "σ\u0301…");
	gives(b.data, "join:\"\"|slice:\"2:\"|wordcount", "1");
	env.missing = NULL;
	buf_release(&b);
}

int
main(void)
{
	record_setup();
	defaults();
	answers();
	cases();
	truncation();
	changes();
	padding();
	sums();
	escaping();
	lines();
	tags();
	lists();
	slices();
	bounds();
	buf_release(&last);
	return 0;
}

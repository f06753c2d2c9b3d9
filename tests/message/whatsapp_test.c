#include "fixture.h"

#include <sysexits.h>

#include "message/whatsapp.h"

#define META	"[whatsapp]\nname = recordatorio_cita\n" \
	"body.1 = owner\nbody.2 = at|day\nbody.3 = site.name\n" \
	"button.0 = quick_reply, confirm\nbutton.1 = quick_reply, decline\n" \
	"[whatsapp es]\nlanguage = es_MX\nbutton.0 = \"S\xc3\xad\"\n" \
	"button.1 = \"No\"\n"
#define VARS	"{\"owner\":\"Ana\",\"at\":\"2026-11-24T16:30:00Z\"," \
	"\"site\":{\"name\":\"Roma\"},\"url\":\"https://a.example\"," \
	"\"id\":\"\xc3\xb1 1/2%41?\",\"lines\":\"a\\nb\",\"tab\":\"a\\tb\"," \
	"\"wide\":\"a     b\",\"odd\":\"../x?a=1&b#%25\",\"four\":\"a    b    c\",\"return\":\"a\\rb\"}"
#define RECORD	"{\"id\":\"k7.r2/1\",\"reminder\":{\"id\":\"k7\"," \
	"\"revision\":2,\"step\":1}}"

static struct value *
content(const char *record, const char *vars, const char *text,
    struct misfit *why)
{
	struct value *v = json(vars), *out;
	const struct value *scopes[] = { v };
	struct template_env env = { .scopes = scopes, .scope_count = 1,
	    .language = "es", .timezone = "America/Mexico_City",
	    .html = true, .one_line = true };
	struct whatsapp_message m = { .text = text, .set = good("w"),
	    .language = "es", .env = &env };
	struct record r = RECORD_INIT;
	struct error e;

	assert(record_parse(&r, record, strlen(record), &e) == 0);
	m.record = &r;
	out = whatsapp_content(&m, why);
	record_release(&r);
	value_free(v);
	return out;
}

static void
template_is(const char *meta)
{
	put("w/meta.conf", meta);
	put("w/es/whatsapp", "Hola");
	reopen("es");
}

static void
gives(const char *record, const char *text, const char *want)
{
	struct misfit why = { .code = "" };
	struct value *v = content(record, VARS, text, &why);

	if (v == NULL)
		fprintf(stderr, "%s\n", why.error.text);
	assert(v != NULL);
	same_json(v, want);
	value_free(v);
}

/* Of the object, the member at `path` alone. */
static void
gives_at(const char *path, const char *want)
{
	struct misfit why = { .code = "" };
	struct value *v = content(RECORD, VARS, "Hola", &why);

	if (v == NULL)
		fprintf(stderr, "%s\n", why.error.text);
	assert(v != NULL);
	same_json(value_path(v, path), want);
	value_free(v);
}

static void
refuses(const char *record, const char *text, const char *code,
    const char *field, const char *message)
{
	struct misfit why = { .code = "" };
	struct value *v = content(record, VARS, text, &why);

	assert(v == NULL);
	same(why.code, code);
	same(why.field, field);
	same(why.error.text, message);
	assert(why.error.status == EX_DATAERR);
}

static void
a_reminder(void)
{
	template_is(META);
	gives(RECORD, "Hola <Ana>", "{\"template\":{"
	    "\"name\":\"recordatorio_cita\",\"language\":{\"code\":"
	    "\"es_MX\"},\"components\":[{\"type\":\"body\",\"parameters\":["
	    "{\"type\":\"text\",\"text\":\"Ana\"},"
	    "{\"type\":\"text\",\"text\":\"martes 24 de noviembre\"},"
	    "{\"type\":\"text\",\"text\":\"Roma\"}]},"
	    "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":"
	    "\"0\",\"parameters\":[{\"type\":\"payload\",\"payload\":"
	    "\"confirm:k7.r2\"}]},"
	    "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":"
	    "\"1\",\"parameters\":[{\"type\":\"payload\",\"payload\":"
	    "\"decline:k7.r2\"}]}]},"
	    "\"session\":{\"type\":\"interactive\",\"interactive\":{"
	    "\"type\":\"button\",\"body\":{\"text\":\"Hola <Ana>\"},"
	    "\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{"
	    "\"id\":\"confirm:k7.r2\",\"title\":\"S\xc3\xad\"}},"
	    "{\"type\":\"reply\",\"reply\":{\"id\":\"decline:k7.r2\","
	    "\"title\":\"No\"}}]}}}}");
}

static void
references(void)
{
	char record[400], id[300];

	template_is(META);
	gives("{\"id\":\"m\"}", "Hola", "{\"template\":{"
	    "\"name\":\"recordatorio_cita\",\"language\":{\"code\":"
	    "\"es_MX\"},\"components\":[{\"type\":\"body\",\"parameters\":["
	    "{\"type\":\"text\",\"text\":\"Ana\"},"
	    "{\"type\":\"text\",\"text\":\"martes 24 de noviembre\"},"
	    "{\"type\":\"text\",\"text\":\"Roma\"}]},"
	    "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":"
	    "\"0\",\"parameters\":[{\"type\":\"payload\",\"payload\":"
	    "\"confirm:m\"}]},"
	    "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":"
	    "\"1\",\"parameters\":[{\"type\":\"payload\",\"payload\":"
	    "\"decline:m\"}]}]},"
	    "\"session\":{\"type\":\"interactive\",\"interactive\":{"
	    "\"type\":\"button\",\"body\":{\"text\":\"Hola\"},"
	    "\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{"
	    "\"id\":\"confirm:m\",\"title\":\"S\xc3\xad\"}},"
	    "{\"type\":\"reply\",\"reply\":{\"id\":\"decline:m\","
	    "\"title\":\"No\"}}]}}}}");
	refuses("{}", "Hola", "bad_whatsapp", "id", "template w: the message "
	    "has no id that its buttons could bring back");
	memset(id, 'x', sizeof(id));
	id[121] = '\0';
	snprintf(record, sizeof(record), "{\"id\":\"%s\"}", id);
	refuses(record, "Hola", "bad_whatsapp", "whatsapp.button.0",
	    "template w: button.0 brings back more than 128 bytes: the id "
	    "is too long");
	/* Without a template there is more room. */
	template_is("[whatsapp]\nbutton.0 = quick_reply, confirm\n"
	    "[whatsapp es]\nbutton.0 = Ok\n");
	for (size_t n = 247; n < 290; n++) {
		struct misfit why = { .code = "" };
		struct value *v;

		memset(id, 'x', sizeof(id));
		id[n] = '\0';
		snprintf(record, sizeof(record), "{\"id\":\"%s\"}", id);
		v = content(record, VARS, "Hola", &why);
		assert((v != NULL) == (n <= 248));
		value_free(v);
	}
}

static void
parameters(void)
{
	template_is("[whatsapp]\nname = a\nparameter_format = named\n"
	    "body.pet = owner|upper\nbody.day = four\n[whatsapp es]\n"
	    "language = es\n");
	gives_at("template", "{\"name\":\"a\",\"language\":{\"code\":\"es\"},"
	    "\"components\":[{\"type\":\"body\",\"parameters\":["
	    "{\"type\":\"text\",\"parameter_name\":\"pet\",\"text\":\"ANA\"},"
	    "{\"type\":\"text\",\"parameter_name\":\"day\",\"text\":"
	    "\"a    b    c\"}]}]}");
	gives_at("session", "{\"type\":\"text\",\"text\":{\"preview_url\":"
	    "false,\"body\":\"Hola\"}}");
}

static void
bad_parameters(void)
{
	static const struct { const char *name, *why; } cases[] = {
		{ "lines", "has a newline" }, { "return", NULL },
		{ "tab", "has a tab" }, { "none", NULL },
		{ "wide", "has more than four blanks in a row" },
		{ "site.name|cut:\"Roma\"", NULL },
		{ "none|default:\"\"", NULL }
	};
	char meta[128], message[200];
	struct misfit why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(meta, sizeof(meta), "[whatsapp]\nname = a\n"
		    "body.1 = %s\n[whatsapp es]\nlanguage = es\n",
		    cases[i].name);
		template_is(meta);
		if (cases[i].why == NULL) {
			assert(content(RECORD, VARS, "x", &why) == NULL);
			continue;
		}
		snprintf(message, sizeof(message), "template w: body.1, %s, "
		    "%s", cases[i].name, cases[i].why);
		refuses(RECORD, "x", "bad_whatsapp", "whatsapp.body.1",
		    message);
	}
	template_is("[whatsapp]\nname = a\nbody.1 = none\n[whatsapp es]\n"
	    "language = es\n");
	refuses(RECORD, "x", "bad_variable", "vars.none", "template "
	    "w/meta.conf:3: body.1:1: variable none is missing");
}

static void
text_headers(void)
{
	template_is("[whatsapp]\nname = a\nheader.type = text\n"
	    "header.1 = owner\nbutton.0 = quick_reply, ok\nfooter = Pie\n"
	    "[whatsapp es]\nlanguage = es\nheader = \"De {{ owner }}\"\n"
	    "button.0 = Ok\n");
	gives_at("template.components.0", "{\"type\":\"header\","
	    "\"parameters\":[{\"type\":\"text\",\"text\":\"Ana\"}]}");
	gives_at("session.interactive.header", "{\"type\":\"text\","
	    "\"text\":\"De Ana\"}");
	gives_at("session.interactive.footer", "{\"text\":\"Pie\"}");
	template_is("[whatsapp]\nname = a\nheader.type = text\n"
	    "[whatsapp es]\nlanguage = es\nheader = 0123456789012345678901"
	    "23456789012345678901234567890123456{{ owner }}ab\n");
	refuses(RECORD, "x", "bad_whatsapp", "whatsapp.header",
	    "template w: the header has 62 characters; at most 60 are "
	    "allowed");
}

static void
media_headers(void)
{
	template_is("[whatsapp]\nname = a\nheader.type = image\n"
	    "header.link = {{ url }}/logo.png\nbutton.0 = quick_reply, ok\n"
	    "[whatsapp es]\nlanguage = es\nbutton.0 = Ok\nfooter = Pie\n");
	gives_at("template.components.0", "{\"type\":\"header\","
	    "\"parameters\":[{\"type\":\"image\",\"image\":{\"link\":"
	    "\"https://a.example/logo.png\"}}]}");
	gives_at("session.interactive.header", "{\"type\":\"image\","
	    "\"image\":{\"link\":\"https://a.example/logo.png\"}}");
	gives_at("session.interactive.footer.text", "\"Pie\"");
	template_is("[whatsapp]\nname = a\nheader.type = document\n"
	    "header.link = \"https://a.example/x\"\n"
	    "header.filename = \"{{ owner }}.pdf\"\n"
	    "[whatsapp es]\nlanguage = es\n");
	gives_at("template.components.0.parameters.0", "{\"type\":"
	    "\"document\",\"document\":{\"link\":\"https://a.example/x\","
	    "\"filename\":\"Ana.pdf\"}}");
	template_is("[whatsapp]\nname = a\nheader.type = video\n"
	    "header.link = {{ owner }}\n[whatsapp es]\nlanguage = es\n");
	refuses(RECORD, "x", "bad_whatsapp", "whatsapp.header", "template w: "
	    "header.link is not an address of the web: Ana");
}

static void
url_buttons(void)
{
	template_is("[whatsapp]\nname = a\nbutton.0 = url, c/{{ id }}&x=%zz\n"
	    "button.1 = url\n[whatsapp es]\nlanguage = es\n"
	    "button.0 = Ver\nbutton.1 = Mapa\n");
	gives_at("template.components", "[{\"type\":\"button\",\"sub_type\":"
	    "\"url\",\"index\":\"0\",\"parameters\":[{\"type\":\"text\","
	    "\"text\":\"c/%C3%B1%201%2F2%2541%3F&x=%25zz\"}]}]");
	gives_at("session.type", "\"text\"");
	/* The text is the author's, the values are data. */
	template_is("[whatsapp]\nname = a\n"
	    "button.0 = url, \"c?p={{ odd }}&q={{ owner|lower }}#a \xc3\xb1%20\"\n"
	    "[whatsapp es]\nlanguage = es\n");
	gives_at("template.components.0.parameters.0.text",
	    "\"c?p=..%2Fx%3Fa%3D1%26b%23%2525&q=ana#a%20%C3%B1%20\"");
	template_is("[whatsapp]\nname = a\nbutton.0 = url, {{ missing }}\n"
	    "[whatsapp es]\nlanguage = es\n");
	refuses(RECORD, "x", "bad_variable", "vars.missing", "template "
	    "w/meta.conf:3: button.0:1: variable missing is missing");
	template_is("[whatsapp]\nname = a\n"
	    "button.0 = url, {{ none|default:\"\" }}\n"
	    "[whatsapp es]\nlanguage = es\n");
	refuses(RECORD, "x", "bad_whatsapp", "whatsapp.button.0",
	    "template w: button.0 has an empty end of its URL");
}

static char *
long_text(size_t n)
{
	static char text[3 * 5000];

	assert(2 * n < sizeof(text));
	for (size_t i = 0; i < n; i++)
		memcpy(text + 2 * i, "\xc3\xb1", 2);
	text[2 * n] = '\0';
	return text;
}

static void
lengths(void)
{
	struct misfit why;
	struct value *v;

	template_is(META);
	v = content(RECORD, VARS, long_text(1024), &why);
	same(value_string(value_path(v, "session.type")), "interactive");
	value_free(v);
	refuses(RECORD, long_text(1025), "bad_whatsapp", "whatsapp.template",
	    "template w: the text has 1025 characters; a template of "
	    "WhatsApp has at most 1024");
	/* Not registered: it is sent in an open window or not at all. */
	template_is("[whatsapp]\nbutton.0 = quick_reply, ok\n"
	    "[whatsapp es]\nbutton.0 = Ok\n");
	v = content(RECORD, VARS, long_text(1025), &why);
	assert(value_get(v, "template") == NULL);
	same(value_string(value_path(v, "session.type")), "text");
	value_free(v);
	v = content(RECORD, VARS, long_text(4096), &why);
	assert(v != NULL);
	value_free(v);
	refuses(RECORD, long_text(4097), "bad_whatsapp", "text",
	    "4097 characters; WhatsApp takes at most 4096");
}

static void
when_buttons_are_shown(void)
{
	/* Four of them: no message in a window can have them. */
	template_is("[whatsapp]\nname = a\nbutton.0 = quick_reply, a\n"
	    "button.1 = quick_reply, b\nbutton.2 = quick_reply, c\n"
	    "button.3 = quick_reply, d\n[whatsapp es]\nlanguage = es\n"
	    "button.0 = A\nbutton.1 = B\nbutton.2 = C\nbutton.3 = D\n");
	gives_at("session.type", "\"text\"");
	gives_at("template.components.3.parameters.0.payload",
	    "\"d:k7.r2\"");
	/* One has no title in this language. */
	template_is("[whatsapp]\nname = a\nbutton.0 = quick_reply, a\n"
	    "button.1 = quick_reply, b\n[whatsapp es]\nlanguage = es\n"
	    "button.0 = A\n");
	gives_at("session.type", "\"text\"");
}

static void
texts_without_template(void)
{
	struct record r = RECORD_INIT;
	struct whatsapp_message m = { .record = &r, .text = "Hola" };
	struct misfit why;
	struct value *v;

	record_new(&r);
	v = whatsapp_content(&m, &why);
	same_json(v, "{\"session\":{\"type\":\"text\",\"text\":"
	    "{\"preview_url\":false,\"body\":\"Hola\"}}}");
	value_free(v);
	record_release(&r);
	/* Nor is there one for a language that Meta does not know. */
	template_is("[whatsapp]\nname = a\n");
	gives(RECORD, "Hola", "{\"session\":{\"type\":\"text\",\"text\":"
	    "{\"preview_url\":false,\"body\":\"Hola\"}}}");
	template_is("");
	gives(RECORD, "Hola", "{\"session\":{\"type\":\"text\",\"text\":"
	    "{\"preview_url\":false,\"body\":\"Hola\"}}}");
}

static const char *
code_for(const char *language)
{
	const struct whatsapp_language *l = templates_whatsapp(all, good("c"),
	    language);

	return l == NULL ? "none" : l->code;
}

static void
codes(void)
{
	put("c/meta.conf", "[whatsapp]\nname = a\n[whatsapp es]\n"
	    "language = es_MX\n[whatsapp en-US]\nlanguage = en_US\n");
	put("c/es/whatsapp", "a");
	put("c/es-AR/whatsapp", "a");
	put("c/en-US/text", "a");
	put("c/fr/whatsapp", "a");
	reopen("es");
	same(code_for("es"), "es_MX");
	same(code_for("es-MX"), "es_MX");
	same(code_for("es-AR"), "es_MX");
	same(code_for("en-us"), "en_US");
	same(code_for("it"), "es_MX");		/* the site's */
	same(code_for(NULL), "es_MX");
	/* The text would be French, and there is no template in French. */
	same(code_for("fr"), "none");
	put("c/meta.conf", "[whatsapp es]\nlanguage = es_MX\n");
	reopen("es");
	same(code_for("es"), "none");
}

static void
registered(const char *source, const char *want)
{
	struct buf out = BUF_INIT(4096);
	struct error e = { .text = "" };
	int rc;

	put("w/es/whatsapp", source);
	reopen("es");
	rc = whatsapp_meta_text(good("w"), "es", &out, &e);
	same(rc == 0 ? buf_text(&out) : e.text, want);
	assert(rc == 0 || (out.len == 0 && e.status == EX_CONFIG));
	buf_release(&out);
}

static void
registration(void)
{
	template_is("[whatsapp]\nname = a\nbody.1 = owner\n"
	    "body.2 = at|date:\"d/m  Y\"\n[whatsapp es]\nlanguage = es\n");
	registered("Hola, {{ owner }}{# who #}: {{at | date:\"d/m  Y\"}},\n"
	    "{{owner}}. }} {\n", "Hola, {{1}}: {{2}},\n{{1}}. }} {");
	registered("Hola, {{ owner }}.", "w/es/whatsapp: body.2 of "
	    "[whatsapp], {{ at|date:\"d/m  Y\" }}, is not in it");
	registered("Hola, {{ owner|upper }}.", "w/es/whatsapp: "
	    "{{ owner|upper }} is no body.N of [whatsapp]");
	registered("Hola, {{ at|date:\"d/m Y\" }}.", "w/es/whatsapp: "
	    "{{ at|date:\"d/m Y\" }} is no body.N of [whatsapp]");
	registered("Hola{% if owner %}, {{ owner }}{% endif %}.",
	    "w/es/whatsapp: has tags, {% %}: Meta takes variables only");
	registered("{# x #} {{ owner }}, {{ at|date:\"d/m  Y\" }}.",
	    "w/es/whatsapp: begins with a variable, which Meta refuses");
	registered("Hola, {{ at|date:\"d/m  Y\" }} {{ owner }}\n\n",
	    "w/es/whatsapp: ends with a variable, which Meta refuses");
	template_is("[whatsapp]\nname = a\nparameter_format = named\n"
	    "body.pet_name = owner\n[whatsapp es]\nlanguage = es\n");
	registered("Hola, {{ owner }}.", "Hola, {{pet_name}}.");
	template_is("[whatsapp]\nname = a\n[whatsapp es]\nlanguage = es\n");
	registered(long_text(1024), long_text(1024));
	registered(long_text(1025), "w/es/whatsapp: 1025 characters; at most "
	    "1024 are allowed");
	registered(" \n", "w/es/whatsapp: is empty");
}

static void
registration_of_nothing(void)
{
	struct buf out = BUF_INIT(4096);
	struct error e;

	template_is(META);
	assert(whatsapp_meta_text(good("w"), "en", &out, &e) == -1);
	same(e.text, "w/en/whatsapp: there is no such part");
	assert(whatsapp_meta_header(good("w"), "es", &out, &e) == 0);
	assert(out.len == 0);
	template_is("");
	assert(whatsapp_meta_text(good("w"), "es", &out, &e) == -1);
	same(e.text, "w/meta.conf: there is no [whatsapp]");
	template_is("[whatsapp]\nname = a\nheader.type = text\n"
	    "header.1 = owner\n[whatsapp es]\nlanguage = es\n"
	    "header = De {{ owner }}\n");
	assert(whatsapp_meta_header(good("w"), "es", &out, &e) == 0);
	same(buf_text(&out), "De {{1}}");
	buf_release(&out);
}

int
main(void)
{
	enter_home();
	a_reminder();
	references();
	parameters();
	bad_parameters();
	text_headers();
	media_headers();
	url_buttons();
	lengths();
	when_buttons_are_shown();
	texts_without_template();
	codes();
	registration();
	registration_of_nothing();
	remove_home();
	return 0;
}

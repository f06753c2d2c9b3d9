#include "fixture.h"
#include "provider/provider_impl.h"

#define URL	"https://graph.facebook.com/v26.0/106540352242922/messages"
#define NUMBER	"phone_number_id = 106540352242922"
#define WAMID	"wamid.HBgNNTIxNTUxMjM0NTY3OBUCABEYEjhBN0I2QzVENEUzRjJBMUI" \
	"wQwA="
#define TAKEN	"{\"messaging_product\":\"whatsapp\",\"contacts\":[{" \
	"\"input\":\"+525512345678\",\"wa_id\":\"5215512345678\"}]," \
	"\"messages\":[{\"id\":\"" WAMID "\"}]}"
#define HEAD	"{\"messaging_product\":\"whatsapp\",\"recipient_type\":" \
	"\"individual\",\"to\":\"+525512345678\","
#define TAIL	",\"biz_opaque_callback_data\":\"a-1.r1/2.1\"}"
#define TEMPLATE "{\"name\":\"recordatorio_cita\",\"language\":{\"code\":" \
	"\"es_MX\"},\"components\":[{\"type\":\"body\",\"parameters\":[{" \
	"\"type\":\"text\",\"text\":\"Ana\"}]}]}"
#define TEXT	"{\"type\":\"text\",\"text\":{\"preview_url\":false," \
	"\"body\":\"Hola\"}}"
#define BUTTONS	"{\"type\":\"button\",\"body\":{\"text\":\"¿Confirma?\"}," \
	"\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{\"id\":" \
	"\"confirm:42\",\"title\":\"Confirmar\"}}]}}"

static const struct provider *whatsapp;

static struct order order = { .id = "a-1.r1/2", .channel = "wa",
    .provider = "meta", .attempt = 1, .to = "+525512345678",
    .record = &record };

static void
set_up(const char *provider)
{
	char text[1024];

	snprintf(text, sizeof(text), "[channel wa]\ntype = whatsapp\n"
	    "provider = meta\n[provider meta]\nkind = whatsapp\n"
	    "access_token = env:WHATSAPP_SECRET\n%s\n", provider);
	use_config(text);
	order.config = config;
}

static void
standard(void)
{
	set_up(NUMBER);
	order.window = true;
	order.to = "+525512345678";
}

static void
expect(const char *record_json, const char *body)
{
	use_record(record_json);
	builds(whatsapp, &order, URL, body);
}

static void
refuse(const char *record_json, const char *why)
{
	use_record(record_json);
	refuses(whatsapp, &order, EX_DATAERR, why);
}

static void
test_window(void)
{
	static const char both[] = "{\"text\":\"Hola\",\"whatsapp\":{"
	    "\"template\":" TEMPLATE ",\"session\":" TEXT "}}";

	standard();
	expect(both, HEAD "\"type\":\"text\",\"text\":{\"preview_url\":false,"
	    "\"body\":\"Hola\"}" TAIL);
	expect("{\"whatsapp\":{\"session\":{\"type\":\"interactive\","
	    "\"interactive\":" BUTTONS "}}}", HEAD "\"type\":\"interactive\","
	    "\"interactive\":" BUTTONS TAIL);
	expect("{\"whatsapp\":{\"template\":" TEMPLATE "}}",
	    HEAD "\"type\":\"template\",\"template\":" TEMPLATE TAIL);
	refuse("{\"whatsapp\":{}}", "whatsapp: has neither session nor "
	    "template");
	refuse("{}", "whatsapp: has neither session nor template");
	order.window = false;
	expect(both, HEAD "\"type\":\"template\",\"template\":" TEMPLATE
	    TAIL);
	refuse("{\"whatsapp\":{\"session\":" TEXT "}}", "whatsapp.template: "
	    "missing, and the 24 hours after the person wrote are over");
	refuse("{\"whatsapp\":7}", "whatsapp.template: missing");
}

static void
test_settings(void)
{
	static const struct {
		const char *lines, *why;
	} bad[] = {
		{ "", "[provider meta] has no phone_number_id" },
		{ "phone_number_id = +5255", "[provider meta] "
		    "phone_number_id: not digits" },
		{ "phone_number_id = 1/2", "[provider meta] phone_number_id: "
		    "not digits" },
		{ "phone_number_id = " SECRET, "[provider meta] "
		    "phone_number_id: not digits" },
		{ NUMBER "\nversion = 26", "[provider meta] version: not" },
		{ NUMBER "\nversion = v26", "[provider meta] version: not" },
		{ NUMBER "\nversion = v26.0/x", "[provider meta] version" },
		{ NUMBER "\nbase_url = http://graph.facebook.com",
		    "[provider meta] base_url: neither https://" }
	};

	standard();
	use_record("{\"whatsapp\":{\"session\":" TEXT "}}");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up(bad[i].lines);
		refuses(whatsapp, &order, EX_CONFIG, bad[i].why);
	}
	set_up(NUMBER "\nversion = v27.1\nbase_url = http://127.0.0.1:80/");
	builds(whatsapp, &order, "http://127.0.0.1:80/v27.1/106540352242922/"
	    "messages", HEAD "\"type\":\"text\",\"text\":{\"preview_url\":"
	    "false,\"body\":\"Hola\"}" TAIL);
	standard();
	order.to = "525512345678";
	refuse("{\"whatsapp\":{\"session\":" TEXT "}}", "to: not a number");
	order.to = "+525512345678";
}

static void
test_sign_in(void)
{
	struct credentials c;
	struct error e;

	standard();
	assert(whatsapp->sign_in(config, "meta", &c, &e) == 0);
	assert(c.how == SIGN_IN_BEARER && c.user[0] == '\0');
	same_text(buf_text(&c.secret), SECRET);
	buf_release(&c.secret);
	setenv("WHATSAPP_SECRET", SECRET " x", 1);
	assert(whatsapp->sign_in(config, "meta", &c, &e) == -1);
	assert(e.status == EX_CONFIG && strstr(e.text, SECRET) == NULL);
	buf_release(&c.secret);
	unsetenv("WHATSAPP_SECRET");
	assert(whatsapp->sign_in(config, "meta", &c, &e) == -1);
	assert(e.status == EX_CONFIG);
	buf_release(&c.secret);
	setenv("WHATSAPP_SECRET", SECRET, 1);
}

static void
test_mark_read(void)
{
	struct request out = { .body = BUF_INIT(REQUEST_MAX) };
	struct error e;

	standard();
	assert(whatsapp_mark_read(&order, WAMID, &out, &e) == 0);
	same_text(out.url, URL);
	same_text(out.method, "POST");
	same_text(out.content_type, "application/json");
	same_text(buf_text(&out.body), "{\"messaging_product\":\"whatsapp\","
	    "\"status\":\"read\",\"message_id\":\"" WAMID "\"}");
	buf_clear(&out.body);
	set_up("");
	assert(whatsapp_mark_read(&order, WAMID, &out, &e) == -1);
	assert(e.status == EX_CONFIG);
	buf_release(&out.body);
}

/* `%s` of a template's or session's form is a text of that length. */
static const char *
with_text(const char *form, size_t count)
{
	static char json[64 * 1024];
	char text[16 * 1024];

	assert(count < sizeof(text) / 2);
	for (size_t i = 0; i < count; i++)
		memcpy(text + 2 * i, "ñ", 2);
	text[2 * count] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(json, sizeof(json), form, text);
#pragma GCC diagnostic pop
	return json;
}

/* As many characters as there may be are taken, and not one more. */
static void
check_limit(const char *form, size_t max, const char *field, bool bytes)
{
	struct request out;
	char why[256];

	use_record(with_text(form, bytes ? max / 2 : max));
	out = built(whatsapp, &order);
	buf_release(&out.body);
	snprintf(why, sizeof(why), "%s: %zu %s; WhatsApp takes at most %zu",
	    field, bytes ? max + 2 : max + 1, bytes ? "bytes" : "characters",
	    max);
	refuse(with_text(form, (bytes ? max / 2 : max) + 1), why);
	snprintf(why, sizeof(why), "%s: empty", field);
	refuse(with_text(form, 0), why);
}

#define OF_SESSION(s)	"{\"whatsapp\":{\"session\":" s "}}"
#define OF_BUTTONS(rest, buttons) OF_SESSION("{\"type\":\"interactive\"," \
	"\"interactive\":{\"type\":\"button\"," rest "\"action\":{" \
	"\"buttons\":[" buttons "]}}}")
#define BODY	"\"body\":{\"text\":\"x\"},"
#define BUTTON(id, title) "{\"type\":\"reply\",\"reply\":{\"id\":\"" id \
	"\",\"title\":\"" title "\"}}"
#define OF_LIST(button, rows) OF_SESSION("{\"type\":\"interactive\"," \
	"\"interactive\":{\"type\":\"list\"," BODY "\"action\":{\"button\":" \
	"\"" button "\",\"sections\":[{\"title\":\"s\",\"rows\":[" rows \
	"]}]}}}")
#define ROW(id, title) "{\"id\":\"" id "\",\"title\":\"" title "\"}"
#define OF_TEMPLATE(component) "{\"whatsapp\":{\"template\":{\"name\":" \
	"\"x\",\"language\":{\"code\":\"es\"},\"components\":[" component \
	"]}}}"
#define IN		"whatsapp.session.interactive."

static void
test_session_limits(void)
{
	standard();
	check_limit(OF_SESSION("{\"type\":\"text\",\"text\":{\"body\":"
	    "\"%s\"}}"), 4096, "whatsapp.session.text.body", false);
	check_limit(OF_BUTTONS("\"body\":{\"text\":\"%s\"},", BUTTON("a",
	    "b")), 1024, IN "body.text", false);
	check_limit(OF_BUTTONS(BODY "\"footer\":{\"text\":\"%s\"},",
	    BUTTON("a", "b")), 60, IN "footer.text", false);
	check_limit(OF_BUTTONS(BODY "\"header\":{\"type\":\"text\",\"text\":"
	    "\"%s\"},", BUTTON("a", "b")), 60, IN "header.text", false);
	check_limit(OF_BUTTONS(BODY, BUTTON("a", "%s")), 20,
	    IN "action.buttons.0.reply.title", false);
	check_limit(OF_BUTTONS(BODY, BUTTON("%s", "a")), 256,
	    IN "action.buttons.0.reply.id", true);
	check_limit(OF_LIST("%s", ROW("a", "b")), 20, IN "action.button",
	    false);
	check_limit(OF_LIST("x", ROW("a", "%s")), 24,
	    IN "action.sections.0.rows.0.title", false);
	check_limit(OF_LIST("x", ROW("%s", "a")), 200,
	    IN "action.sections.0.rows.0.id", true);
	check_limit(OF_LIST("x", "{\"id\":\"a\",\"title\":\"b\","
	    "\"description\":\"%s\"}"), 72,
	    IN "action.sections.0.rows.0.description", false);
}

static void
test_session_shapes(void)
{
	static const struct {
		const char *session, *why;
	} bad[] = {
		{ "7", "whatsapp.session.type: neither" },
		{ "{}", "whatsapp.session.type: neither text nor" },
		{ "{\"type\":\"image\"}", "whatsapp.session.type: neither" },
		{ "{\"type\":\"text\"}", "whatsapp.session.text.body: "
		    "missing" },
		{ "{\"type\":\"text\",\"text\":{\"body\":7}}",
		    "whatsapp.session.text.body: not a string" },
		{ "{\"type\":\"interactive\"}",
		    "whatsapp.session.interactive: has no type" },
		{ "{\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"button\"}}", IN "body.text: missing" },
		{ "{\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"button\"," BODY "\"action\":[]}}",
		    IN "action.buttons: none" },
		{ "{\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"list\"," BODY "\"action\":{\"button\":\"x\"}}}",
		    IN "action.sections: none" },
		{ "{\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"list\"," BODY "\"action\":{\"button\":\"x\","
		    "\"sections\":[{}]}}}", IN "action.sections.0.rows: none" }
	};
	char json[1024];

	standard();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(json, sizeof(json), "{\"whatsapp\":{\"session\":%s}}",
		    bad[i].session);
		refuse(json, bad[i].why);
	}
	refuse(OF_BUTTONS(BODY, ""), IN "action.buttons: none");
	refuse(OF_BUTTONS(BODY, BUTTON("1", "a") "," BUTTON("2", "b") ","
	    BUTTON("3", "c") "," BUTTON("4", "d")), IN "action.buttons: 4 of "
	    "them; WhatsApp takes at most 3");
	refuse(OF_BUTTONS(BODY, BUTTON("1", "a") "," BUTTON("2", "a")),
	    IN "action.buttons.1.reply.title: the same as another button's");
	refuse(OF_BUTTONS(BODY, BUTTON("1", "a") "," BUTTON("1", "b")),
	    IN "action.buttons.1.reply.id: the same as another button's");
	refuse(OF_BUTTONS(BODY, "{\"type\":\"url\"}"),
	    IN "action.buttons.0.reply.title: not of a reply button");
	refuse(OF_LIST("x", ROW("1", "a") "," ROW("1", "a") "," ROW("1", "a")
	    "," ROW("1", "a") "," ROW("1", "a") "," ROW("1", "a") ","
	    ROW("1", "a") "," ROW("1", "a") "," ROW("1", "a") "," ROW("1",
	    "a") "," ROW("1", "a")), IN "action.sections.0.rows: more than 10 "
	    "in all");
}

static void
test_template_limits(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = { { "a\\nb", "has a newline" }, { "a\\rb", "has a newline" },
	    { "a\\tb", "has a tab" },
	    { "a     b", "has more than four blanks in a row" } };
	char json[512], why[256];

	standard();
	check_limit(OF_TEMPLATE("{\"type\":\"body\",\"parameters\":[{\"type\":"
	    "\"text\",\"text\":\"%s\"}]}"), 1024,
	    "whatsapp.template.components.0.parameters.0.text", false);
	check_limit(OF_TEMPLATE("{\"type\":\"header\",\"parameters\":[{"
	    "\"type\":\"text\",\"text\":\"%s\"}]}"), 60,
	    "whatsapp.template.components.0.parameters.0.text", false);
	check_limit(OF_TEMPLATE("{\"type\":\"button\",\"parameters\":[{"
	    "\"type\":\"payload\",\"payload\":\"%s\"}]}"), 128,
	    "whatsapp.template.components.0.parameters.0.payload", true);
	check_limit(OF_TEMPLATE("{\"type\":\"button\",\"parameters\":[{"
	    "\"type\":\"text\",\"text\":\"%s\"}]}"), 2000,
	    "whatsapp.template.components.0.parameters.0.text", true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(json, sizeof(json), OF_TEMPLATE("{\"type\":\"body\","
		    "\"parameters\":[{\"type\":\"image\"},{\"type\":\"text\","
		    "\"text\":\"%s\"}]}"), bad[i].text);
		snprintf(why, sizeof(why), "whatsapp.template.components.0."
		    "parameters.1.text: %s", bad[i].why);
		refuse(json, why);
	}
	expect(OF_TEMPLATE("{\"type\":\"body\",\"parameters\":[{\"type\":"
	    "\"text\",\"text\":\"a    b\"}]}"), HEAD "\"type\":\"template\","
	    "\"template\":{\"name\":\"x\",\"language\":{\"code\":\"es\"},"
	    "\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":"
	    "\"text\",\"text\":\"a    b\"}]}]}" TAIL);
}

static void
test_template_shapes(void)
{
	static const struct {
		const char *template, *why;
	} bad[] = {
		{ "7", "whatsapp.template: not an object" },
		{ "{}", "whatsapp.template.name: missing" },
		{ "{\"name\":\"\"}", "whatsapp.template.name: empty" },
		{ "{\"name\":\"x\",\"language\":\"es\"}",
		    "whatsapp.template.language.code: missing" },
		{ "{\"name\":\"x\",\"language\":{\"code\":\"es\"},"
		    "\"components\":{}}", "whatsapp.template.components: not "
		    "an array" },
		{ "{\"name\":\"x\",\"language\":{\"code\":\"es\"},"
		    "\"components\":[7]}", "whatsapp.template.components.0: "
		    "has no type" },
		{ "{\"name\":\"x\",\"language\":{\"code\":\"es\"},"
		    "\"components\":[{\"type\":\"body\",\"parameters\":7}]}",
		    "whatsapp.template.components.0.parameters: not an array" },
		{ "{\"name\":\"x\",\"language\":{\"code\":\"es\"},"
		    "\"components\":[{\"type\":\"body\",\"parameters\":[7]}]}",
		    "whatsapp.template.components.0.parameters.0: has no "
		    "type" },
		{ "{\"name\":\"x\",\"language\":{\"code\":\"es\"},"
		    "\"components\":[{\"type\":\"body\",\"parameters\":["
		    "{\"type\":\"text\"}]}]}", "whatsapp.template.components."
		    "0.parameters.0.text: missing" }
	};
	char json[1024];

	standard();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(json, sizeof(json), "{\"whatsapp\":{\"template\":%s}}",
		    bad[i].template);
		refuse(json, bad[i].why);
	}
}

/* One of media, with a text, in the window. */
static void
sends_media(const char *media, const char *want)
{
	char json[1024], body[1024];

	snprintf(json, sizeof(json), "{\"text\":\"Hola\",\"media\":[%s],"
	    "\"whatsapp\":{\"session\":" TEXT "}}", media);
	snprintf(body, sizeof(body), HEAD "%s" TAIL, want);
	expect(json, body);
}

static void
refuses_media(const char *media, const char *why)
{
	char json[1024];

	snprintf(json, sizeof(json), "{\"text\":\"Hola\",\"media\":[%s],"
	    "\"whatsapp\":{\"session\":" TEXT "}}", media);
	refuse(json, why);
}

static void
test_media(void)
{
	standard();
	sends_media("\"https://x.example/a.JPG?b=c.pdf\"", "\"type\":\"image\""
	    ",\"image\":{\"link\":\"https://x.example/a.JPG?b=c.pdf\","
	    "\"caption\":\"Hola\"}");
	sends_media("{\"url\":\"https://x.example/a\",\"type\":\"image/png\"}",
	    "\"type\":\"image\",\"image\":{\"link\":\"https://x.example/a\","
	    "\"caption\":\"Hola\"}");
	sends_media("{\"url\":\"https://x.example/a.jpg\",\"type\":"
	    "\"video/mp4; codecs=avc1\"}", "\"type\":\"video\",\"video\":{"
	    "\"link\":\"https://x.example/a.jpg\",\"caption\":\"Hola\"}");
	sends_media("{\"url\":\"https://x.example/r.pdf\",\"filename\":"
	    "\"receta.pdf\"}", "\"type\":\"document\",\"document\":{\"link\":"
	    "\"https://x.example/r.pdf\",\"caption\":\"Hola\",\"filename\":"
	    "\"receta.pdf\"}");
	sends_media("{\"url\":\"https://x.example/a\",\"type\":"
	    "\"document\"}", "\"type\":\"document\",\"document\":{\"link\":"
	    "\"https://x.example/a\",\"caption\":\"Hola\"}");
	expect("{\"text\":\"\",\"media\":[\"https://x.example/a.ogg\"],"
	    "\"whatsapp\":{\"session\":" TEXT "}}", HEAD "\"type\":\"audio\","
	    "\"audio\":{\"link\":\"https://x.example/a.ogg\"}" TAIL);
	refuses_media("\"https://x.example/a.ogg\"", "media.0: a sound has no "
	    "caption, and the text would be lost");
	refuses_media("\"https://x.example\"", "media.0: none that WhatsApp");
	refuses_media("\"https://x.example/a.gif\"", "media.0: none that");
	refuses_media("\"https://x.jpg/a\"", "media.0: none that WhatsApp");
	refuses_media("\"https://x.example/jpg\"", "media.0: none that");
	refuses_media("{\"url\":\"https://x.example/a.jpg\",\"type\":"
	    "\"image/gif\"}", "media.0: none that WhatsApp takes");
	refuses_media("{\"url\":\"https://x.example/a\",\"type\":"
	    "\"image/pngx\"}", "media.0: none that WhatsApp takes");
	refuses_media("\"https://x.example/a.jpg\",\"https://x.example/b.jpg\"",
	    "media: 2 of them; a message of WhatsApp has one");
	refuses_media("\"x\"", "media.0: not an address of the web");
	/* Outside of the window the template says all. */
	order.window = false;
	expect("{\"media\":[\"https://x.example/a.jpg\"],\"whatsapp\":{"
	    "\"template\":" TEMPLATE "}}", HEAD "\"type\":\"template\","
	    "\"template\":" TEMPLATE TAIL);
}

static void
test_media_with_buttons(void)
{
#define WITH(media, header) "{\"text\":\"x\",\"media\":[\"" media "\"]," \
	"\"whatsapp\":{\"session\":{\"type\":\"interactive\"," \
	"\"interactive\":{\"type\":\"button\"," header BODY "\"action\":{" \
	"\"buttons\":[" BUTTON("1", "a") "]}}}}}"
	standard();
	expect(WITH("https://x.example/a.png", ""), HEAD "\"type\":"
	    "\"interactive\",\"interactive\":{\"type\":\"button\","
	    "\"body\":{\"text\":\"x\"},\"action\":{\"buttons\":["
	    BUTTON("1", "a") "]},\"header\":{\"type\":\"image\",\"image\":{"
	    "\"link\":\"https://x.example/a.png\"}}}" TAIL);
	refuse(WITH("https://x.example/a.png", "\"header\":{\"type\":\"text\","
	    "\"text\":\"x\"},"), "media: the message has buttons and a "
	    "header already");
	refuse(WITH("https://x.example/a.mp3", ""), "media.0: no sound goes "
	    "with buttons");
}

static void
test_caption_limit(void)
{
	struct request out;
	static const char form[] = "{\"text\":\"%s\",\"media\":["
	    "\"https://x.example/a.jpg\"],\"whatsapp\":{\"session\":" TEXT
	    "}}";

	standard();
	use_record(with_text(form, 1024));
	out = built(whatsapp, &order);
	buf_release(&out.body);
	refuse(with_text(form, 1025), "text: 1025 characters; below media "
	    "WhatsApp takes at most 1024");
}

static void
test_accepted(void)
{
	struct verdict v = answers(whatsapp, 200, TAKEN, OUTCOME_ACCEPTED);

	same_text(v.provider_id, WAMID);
	same_text(v.code, "");
	same_text(v.text, "");
	v = answers(whatsapp, 200, "{\"messages\":[{\"id\":\"wamid.1\","
	    "\"message_status\":\"accepted\"}]}", OUTCOME_ACCEPTED);
	same_text(v.text, "");
	v = answers(whatsapp, 200, "{\"messages\":[{\"id\":\"wamid.1\","
	    "\"message_status\":\"held_for_quality_assessment\"}]}",
	    OUTCOME_ACCEPTED);
	same_text(v.text, "held_for_quality_assessment");
	v = answers(whatsapp, 200, "{\"messages\":[{\"id\":\"wamid.1\","
	    "\"message_status\":\"paused\"}]}", OUTCOME_ACCEPTED);
	same_text(v.text, "paused");
}

static void
test_malformed(void)
{
	static const char *const ids[] = { "", " ", "wamid 1", "a\\nb", "ñ" };
	char body[1024];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(body, sizeof(body), "{\"messages\":[{\"id\":\"%s\"}]}",
		    ids[i]);
		same_text(answers(whatsapp, 200, body, OUTCOME_UNKNOWN).text,
		    "the answer's messages[0].id is no id");
	}
	snprintf(body, sizeof(body), "{\"messages\":[{\"id\":\"%0599d\"}]}",
	    0);
	answers(whatsapp, 200, body, OUTCOME_ACCEPTED);
	snprintf(body, sizeof(body), "{\"messages\":[{\"id\":\"%0600d\"}]}",
	    0);
	answers(whatsapp, 200, body, OUTCOME_UNKNOWN);
	same_text(answers(whatsapp, 200, "{\"success\":true}",
	    OUTCOME_UNKNOWN).text, "the answer has no messages[0].id");
	check_halves(whatsapp, 200, TAKEN);
	check_cut(whatsapp, 200, TAKEN);
	check_statuses(whatsapp);
	check_failures(whatsapp);
	check_retry_after(whatsapp, "{\"error\":{\"code\":130429}}");
}

static void
test_errors(void)
{
	struct verdict v;

	v = answers(whatsapp, 400, "{\"error\":{\"message\":\"(#100) Invalid "
	    "parameter\",\"type\":\"OAuthException\",\"code\":100,"
	    "\"error_data\":{\"messaging_product\":\"whatsapp\",\"details\":"
	    "\"Param text.body must be at most 4096 characters long\"},"
	    "\"fbtrace_id\":\"AXsgnV2Cm3ZMGF3dF_cfYIn\"}}", OUTCOME_REFUSED);
	same_text(v.code, "100");
	same_text(v.text, "Param text.body must be at most 4096 characters "
	    "long (fbtrace_id AXsgnV2Cm3ZMGF3dF_cfYIn)");
	/* Meta repeats tokens that it does not understand. */
	v = answers(whatsapp, 400, "{\"error\":{\"message\":\"Malformed access "
	    "token " SECRET "\",\"code\":190}}", OUTCOME_SETUP);
	same_text(v.text, "Malformed access token ...");
	/* The code decides, not the status. */
	v = answers(whatsapp, 503, "{\"error\":{\"code\":131016}}",
	    OUTCOME_LATER);
	assert(v.outage);
	v = answers(whatsapp, 500, "{\"error\":{\"code\":132000}}",
	    OUTCOME_REFUSED);
	assert(!v.outage);
	v = answers(whatsapp, 500, "{\"error\":{\"code\":424242}}",
	    OUTCOME_UNKNOWN);
	assert(v.outage);
	same_text(v.code, "424242");
	answers(whatsapp, 400, "{\"error\":{\"code\":-1}}", OUTCOME_REFUSED);
	answers(whatsapp, 429, "{\"error\":{\"code\":100}}", OUTCOME_LATER);
}

static void
test_long_errors(void)
{
	struct buf body = BUF_INIT(RESPONSE_MAX);
	struct verdict v;

	buf_str(&body, "{\"error\":{\"code\":100,\"fbtrace_id\":"
	    "\"A\\u0007B\",\"message\":\"");
	for (int i = 0; i < 1000; i++)
		buf_str(&body, "ñ ");
	buf_str(&body, "\"}}");
	v = answers(whatsapp, 400, buf_text(&body), OUTCOME_REFUSED);
	assert(utf8_valid(v.text, strlen(v.text)));
	assert(strstr(v.text, " (fbtrace_id A\\x07B)") != NULL);
	buf_release(&body);
}

static const struct {
	int code;
	enum outcome answer, receipt;
	bool forward;
} codes[] = {
#define R	OUTCOME_REFUSED
#define A	OUTCOME_ADDRESS
#define O	OUTCOME_OPTOUT
#define L	OUTCOME_LATER
#define S	OUTCOME_SETUP
#define U	OUTCOME_UNKNOWN
	{ 0, S, S, 0 }, { 190, S, S, 0 }, { 3, S, S, 0 }, { 10, S, S, 0 },
	{ 200, S, S, 0 }, { 250, S, S, 0 }, { 299, S, S, 0 },
	{ 1, U, L, 0 }, { 2, U, L, 0 }, { 4, L, L, 0 }, { 17, L, L, 0 },
	{ 32, L, L, 0 }, { 33, S, S, 0 }, { 100, R, R, 1 }, { 102, S, S, 0 },
	{ 341, L, L, 0 }, { 368, S, S, 0 }, { 613, L, L, 0 },
	{ 80007, L, L, 0 }, { 130403, A, A, 0 }, { 130429, L, L, 0 },
	{ 130472, R, R, 1 }, { 130497, R, R, 1 }, { 131000, U, L, 0 },
	{ 131005, S, S, 0 }, { 131008, R, R, 1 }, { 131009, R, R, 1 },
	{ 131016, L, L, 0 }, { 131021, R, R, 0 }, { 131026, A, A, 1 },
	{ 131030, S, S, 1 }, { 131031, S, S, 0 }, { 131037, S, S, 0 },
	{ 131042, S, S, 0 }, { 131045, S, S, 0 }, { 131047, R, R, 1 },
	{ 131048, S, S, 0 }, { 131049, L, L, 1 }, { 131050, O, O, 0 },
	{ 131051, R, R, 1 }, { 131052, L, L, 1 }, { 131053, L, L, 1 },
	{ 131056, L, L, 0 }, { 131057, L, L, 0 }, { 131063, S, S, 0 },
	{ 131064, S, S, 0 }, { 132000, R, R, 1 }, { 132001, S, S, 1 },
	{ 132005, R, R, 1 }, { 132007, R, R, 1 }, { 132012, R, R, 1 },
	{ 132015, S, S, 1 }, { 132016, S, S, 1 }, { 132018, R, R, 1 },
	{ 132068, S, S, 1 }, { 132069, L, L, 1 }, { 133000, S, S, 0 },
	{ 133004, L, L, 0 }, { 133005, S, S, 0 }, { 133010, S, S, 0 },
	{ 133015, S, S, 0 }, { 133016, S, S, 0 }, { 134011, S, S, 0 },
	{ 135000, R, R, 1 }
};

static void
test_codes(void)
{
	char body[64], code[16];
	struct verdict v;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(code, sizeof(code), "%d", codes[i].code);
		snprintf(body, sizeof(body), "{\"error\":{\"code\":%s}}",
		    code);
		v = answers(whatsapp, 400, body, codes[i].answer);
		same_text(v.code, code);
		if (provider_code_outcome("whatsapp", code) !=
		    codes[i].receipt || v.bring_forward != codes[i].forward)
			fprintf(stderr, "code %s\n", code);
		assert(provider_code_outcome("whatsapp", code) ==
		    codes[i].receipt);
		assert(v.bring_forward == codes[i].forward);
		assert(((whatsapp_code(codes[i].code)->flags & CODE_FORWARD) != 0)
		    == codes[i].forward);
		assert(whatsapp_code(codes[i].code)->wait == v.wait);
		assert((provider_code_opt_out("whatsapp", code) != NULL) ==
		    (codes[i].code == 131050));
	}
	assert(whatsapp_code(131049)->wait == 86400);
	assert(whatsapp_code(131056)->wait == 6);
	assert(provider_code_outcome("whatsapp", "5") == OUTCOME_MAX);
	assert(provider_code_outcome("whatsapp", "131055") == OUTCOME_MAX);
}

int
main(void)
{
	record_setup();
	setenv("WHATSAPP_SECRET", SECRET, 1);
	whatsapp = provider_find("whatsapp", "whatsapp");
	assert(whatsapp != NULL && whatsapp->transport == TRANSPORT_HTTP);
	assert(whatsapp->ask == NULL && whatsapp->look == NULL);
	assert(provider_find("whatsapp", "sms") == NULL);
	test_window();
	test_settings();
	test_sign_in();
	test_mark_read();
	test_session_limits();
	test_session_shapes();
	test_template_limits();
	test_template_shapes();
	test_media();
	test_media_with_buttons();
	test_caption_limit();
	test_accepted();
	test_malformed();
	test_errors();
	test_long_errors();
	test_codes();
	done();
	return 0;
}

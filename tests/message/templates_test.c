#include "fixture.h"

#include <sysexits.h>

#define META	"[template]\nchannels = email sms whatsapp\n"

static void
names_are_sorted_folders(void)
{
	struct error e;
	const char *const *names;

	put("b/meta.conf", META);
	put("a_b-C9/meta.conf", META);
	put("_private/meta.conf", META);
	put(".git/x", "");
	put("with.dot/x", "");
	put("file", "");
	names = templates_names(all, &e);
	assert(names != NULL);
	same(names[0], "a_b-C9");
	same(names[1], "b");
	assert(names[2] == NULL);
}

static void
no_such_template(const char *name, const char *why)
{
	struct error e = { .text = "" };

	assert(templates_get(all, name, &e) == NULL);
	assert(e.status == EX_CONFIG);
	if (strstr(e.text, why) == NULL)
		fprintf(stderr, "%s: %s\n", e.text, why);
	assert(strstr(e.text, why) != NULL);
}

static void
unknown_names(void)
{
	put("appointment_reminder/meta.conf", META);
	put("zz/meta.conf", META);
	reopen("es");
	no_such_template("apointment_reminder", "there is no template "
	    "apointment_reminder in ");
	no_such_template("apointment_reminder",
	    "/t; did you mean appointment_reminder?");
	no_such_template("appointment_ermin",
	    "; did you mean appointment_reminder?");
	no_such_template("appoint", "; did you mean appointment_reminder?");
	no_such_template("_private", "not a template's name");
	no_such_template("../t", "not a template's name");
	no_such_template("", "\"\": not a template's name");
	no_such_template("a/b", "not a template's name");
}

/* The faults of a template with this meta.conf, one a line. */
static void
faults(const char *meta, const char *want)
{
	struct buf b = BUF_INIT(65536);
	const struct template_set *set;
	struct error e = { .text = "" };

	put("m/meta.conf", meta);
	put("m/es/text", "hola");
	put("m/en/text", "hello");
	reopen("es");
	set = templates_inspect(all, "m", &e);
	assert(set != NULL);
	for (size_t i = 0; i < set->faults.count; i++)
		buf_printf(&b, "%s\n", set->faults.list[i].error.text);
	same(buf_text(&b), want);
	assert((templates_get(all, "m", &e) == NULL) == (b.len > 0));
	if (b.len > 0)
		assert(e.status == EX_TEMPFAIL);
	buf_release(&b);
}

static void
meta_template(void)
{
	const struct meta *m;

	faults("\xef\xbb\xbf# comment\n; and one\n[template]\nname = m\n"
	    "title = Una cita\nclass = reminder\ntopic = grooming\n"
	    "channels = email,\n  sms\n\tpush\nactive = no\n"
	    "requires_approval = yes\napproved = no\n", "");
	m = good("m")->meta;
	same(m->title, "Una cita");
	same(m->class, "reminder");
	same(m->topic, "grooming");
	assert(templates_support(good("m"), "sms"));
	assert(templates_support(good("m"), "push"));
	assert(!templates_support(good("m"), "whatsapp"));
	assert(!m->active && m->requires_approval && !m->approved);
	faults("", "");
	m = good("m")->meta;
	assert(m->active && !m->requires_approval && m->class == NULL);
	assert(templates_support(good("m"), "voice"));
}

static void
meta_template_faults(void)
{
	faults("[template]\nname = other\nclass = remindr\ntopic = weather\n"
	    "channels = email fax\nactive = maybe\napproved =\n"
	    "chanels = email\nname = m\n",
	    "m/meta.conf:9: name: given twice in [template]\n"
	    "m/meta.conf:2: name: other is not the folder's name\n"
	    "m/meta.conf:3: class: there is no [class remindr] in the "
	    "configuration; did you mean reminder?\n"
	    "m/meta.conf:4: topic: there is no [topic weather] in the "
	    "configuration\n"
	    "m/meta.conf:5: channels: fax is not a type of channel\n"
	    "m/meta.conf:6: active: is neither yes nor no\n"
	    "m/meta.conf:7: approved: is neither yes nor no\n"
	    "m/meta.conf:8: chanels: not a key of [template]; did you mean "
	    "channels?\n");
	faults("a = b\n[other]\nc = d\ne = f\n[template]\nnonsense\n"
	    "channels =\n",
	    "m/meta.conf:6: neither a [section], KEY = VALUE nor a comment\n"
	    "m/meta.conf:1: a: stands before any section\n"
	    "m/meta.conf:3: [other] is not a section\n"
	    "m/meta.conf:7: channels: names no type of channel\n");
	faults("[template]\ntitle = \xff\n",
	    "m/meta.conf: not UTF-8 text\n");
	faults("[template]\nabcdefghijklmnopqrstuvwxyz"
	    "abcdefghijklmnopqrstuvwxyz = 1\n",
	    "m/meta.conf:2: more than 49 bytes in a key\n");
}

static void
long_lines(void)
{
	struct buf b = BUF_INIT(65536);

	buf_str(&b, "[template]\ntitle = ");
	for (int i = 0; i < 200; i++)
		buf_char(&b, 'x');
	buf_str(&b, "\nactive = no\n");
	faults(buf_text(&b), "m/meta.conf:2: more than 190 bytes; a line "
	    "that begins with a blank continues the one before\n");
	buf_clear(&b);
	buf_str(&b, "[template]\ntitle =\n");
	for (int i = 0; i < 20; i++)
		buf_str(&b, "   one more line, and one more line, and one "
		    "more line, and one more line\n");
	buf_str(&b, "# not this\n  the last\n");
	faults(buf_text(&b), "");
	assert(strlen(good("m")->meta->title) > 1400);
	assert(strstr(good("m")->meta->title, "line the last") != NULL);
	assert(strstr(good("m")->meta->title, "not this") == NULL);
	buf_release(&b);
}

static const struct variable *
variable(const char *name)
{
	const struct variable *v = good("m")->meta->variables;

	while (v != NULL && strcmp(v->name, name) != 0)
		v = v->next;
	assert(v != NULL);
	return v;
}

static void
meta_variables(void)
{
	faults("[variables]\n"
	    "a = text, required, example \"Luna \\\"la gata\\\" \\\\\"\n"
	    "b = list, default [\"a, b\", {\"c\": \"]\"}],\n"
	    "  example [1]\n"
	    "c = object,example {\"x\":\n   {\"y\": 1}}\n"
	    "d = flag, default true\ne=flag , example \"false\"\n"
	    "f = money, default \"450.00 MXN\"\ng = time\n"
	    "h = date, example \"2028-02-29\"\n"
	    "i = url, example \"https://a.example/\"\n"
	    "j = number, default \"-1.5\"\n", "");
	assert(variable("a")->required && !variable("b")->required);
	same(value_string(variable("a")->example), "Luna \"la gata\" \\");
	same_json(variable("b")->fallback, "[\"a, b\",{\"c\":\"]\"}]");
	same_json(variable("b")->example, "[1]");
	same_json(variable("c")->example, "{\"x\":{\"y\":1}}");
	same_json(variable("d")->fallback, "true");
	same_json(variable("e")->example, "false");
	assert(variable("f")->type == VARIABLE_MONEY);
	assert(variable("g")->fallback == NULL);
	assert(variable("j")->line == 13);
}

static void
meta_variable_faults(void)
{
	faults("[variables]\n1a = text\nb-c = text\nd = string\n"
	    "e = text, requird\nf = text required\n"
	    "g = text, default \"a\nh = text, default \"x ; y\"\n"
	    "i = time, example \"mañana\"\nj = text, default \" \"\n"
	    "k = text, required, default \"x\"\n"
	    "l = list, default [1,]\nm = object, example [1]\n"
	    "n = text, default \"a\", default \"b\"\n"
	    "o = flag, default yes\np = text,\nq = list, default x\n",
	    "m/meta.conf:2: 1a: not a name: letters, digits and _, not "
	    "beginning with a digit\n"
	    "m/meta.conf:3: b-c: not a name: letters, digits and _, not "
	    "beginning with a digit\n"
	    "m/meta.conf:4: d: string is not a type: text, number, money, "
	    "time, date, url, flag, list or object\n"
	    "m/meta.conf:5: e: required, default or example expected at: "
	    "requird\n"
	    "m/meta.conf:6: f: a comma expected at: required\n"
	    "m/meta.conf:7: g: quotes that are not closed (a semicolon "
	    "behind a blank begins a comment)\n"
	    "m/meta.conf:8: h: quotes that are not closed (a semicolon "
	    "behind a blank begins a comment)\n"
	    "m/meta.conf:9: i: the example is not a time\n"
	    "m/meta.conf:10: j: the default is empty\n"
	    "m/meta.conf:11: k: is required, and has a default: only one of "
	    "them can be meant\n"
	    "m/meta.conf:12: l: not JSON: unexpected token near ']', at "
	    "byte 4\n"
	    "m/meta.conf:13: m: the example is not an object\n"
	    "m/meta.conf:14: n: default is given twice\n"
	    "m/meta.conf:15: o: true or false expected at: yes\n"
	    "m/meta.conf:16: p: required, default or example expected at: "
	    "the end\n"
	    "m/meta.conf:17: q: not JSON: '[' or '{' expected near 'x', at "
	    "byte 1\n");
}

static void
meta_whatsapp(void)
{
	const struct whatsapp_meta *w;
	const struct whatsapp_language *l;

	faults("[whatsapp]\nname = recordatorio\nid = HX1\n"
	    "category = UTILITY\nbody.2 = b|upper\nbody.1 = a\n"
	    "header.type = text\nheader.1 = a\nfooter = Roma\n"
	    "button.0 = quick_reply, confirm\nbutton.1=quick_reply,decline\n"
	    "button.2 = url, c/{{ id }}\nbutton.3 = url\n"
	    "[whatsapp es]\nlanguage = es_MX\nheader = \"Cita: {{ a }}\"\n"
	    "button.0 = \"Sí, voy\"\nbutton.1 = No\n"
	    "[whatsapp EN]\nlanguage = en\nheader = x\nfooter = \"Foot\"\n",
	    "");
	w = good("m")->meta->whatsapp;
	same(w->name, "recordatorio");
	same(w->id, "HX1");
	same(w->body.list[0].source, "a");
	same(w->body.list[1].source, "b|upper");
	assert(w->body.count == 2 && w->header.count == 1 && !w->named);
	assert(w->button_count == 4 && w->buttons[3].suffix == NULL);
	same(w->buttons[1].word, "decline");
	l = meta_whatsapp_language(good("m")->meta, "es_MX");
	same(l->code, "es_MX");
	same(l->titles[0], "Sí, voy");
	same(l->titles[1], "No");
	assert(l->titles[2] == NULL && l->footer == NULL);
	same(meta_whatsapp_language(good("m")->meta, "en")->footer, "Foot");
	assert(meta_whatsapp_language(good("m")->meta, "fr") == NULL);
}

static void
meta_whatsapp_faults(void)
{
	faults("[whatsapp]\nname = Cita\nid = a-b\ncategory = spam\n"
	    "parameter_format = both\nbody.1 = a|nonsense\nbody.3 = b\n"
	    "header.type = audio\nfooter = {{ a }}\nbutton.10 = url\n"
	    "button.1 = phone, +52\nbutton.2 = quick_reply\nbuton.0 = url\n",
	    "m/meta.conf:2: name: not a name that Meta takes: small letters, "
	    "digits and _\n"
	    "m/meta.conf:3: id: not letters and digits\n"
	    "m/meta.conf:4: category: is none of utility, marketing, "
	    "authentication\n"
	    "m/meta.conf:5: parameter_format: is neither positional nor "
	    "named\n"
	    "m/meta.conf:6: body.1:1:3: no such filter: nonsense\n"
	    "m/meta.conf:8: header.type: is none of text, image, document, "
	    "video\n"
	    "m/meta.conf:9: footer: takes no variables\n"
	    "m/meta.conf:10: button.10: buttons are button.0 to button.9\n"
	    "m/meta.conf:11: button.1: phone is no kind of button: "
	    "quick_reply or url\n"
	    "m/meta.conf:12: button.2: quick_reply, WORD: what it means, "
	    "such as confirm or decline, in small letters, digits and _\n"
	    "m/meta.conf:13: buton.0: not a key of [whatsapp]; did you mean "
	    "button.0?\n"
	    "m/meta.conf: [whatsapp]: body.2 is missing: they are numbered "
	    "from 1 on, unless parameter_format = named\n"
	    "m/meta.conf: [whatsapp]: button.0 is missing\n");
	/* Quotes are taken off, and would make an expression a constant. */
	faults("[whatsapp]\nbody.1 = \"a\"\nbody.2 = '{{ b }}'|upper\n"
	    "body.3 = \"a\"|add:b\nbutton.0 = url, \"c/{{ id }}\nbutton.1 "
	    "= url, \"c\" d\nbutton.2 = url, {% if a %}{{ a }}{% endif %}\n"
	    "header.link = \"{{ a\"\nheader.filename = \"{{ a }}\" b\n"
	    "header.type = document\n[whatsapp es]\nlanguage = \"es_MX\"\n",
	    "m/meta.conf:2: body.1: is a constant; write the variable "
	    "without quotes\n"
	    "m/meta.conf:3: body.2: is a constant; write the variable "
	    "without quotes\n"
	    "m/meta.conf:5: button.0: quotes that are not closed (a "
	    "semicolon behind a blank begins a comment)\n"
	    "m/meta.conf:6: button.1: something behind the quotes:  d\n"
	    "m/meta.conf:7: button.2: has tags, {% %}: the end of a URL "
	    "takes variables only\n"
	    "m/meta.conf:8: header.link:1:1: {{ is not closed on its line\n"
	    "m/meta.conf:9: header.filename: something behind the quotes:  "
	    "b\n"
	    "m/meta.conf: [whatsapp]: header.link is missing\n");
	/* One language, however it is written. */
	faults("[whatsapp]\nname = a\n[whatsapp es]\nlanguage = es\n"
	    "[whatsapp ES]\nlanguage = es_MX\n",
	    "m/meta.conf:6: language: is given twice\n");
	faults("[whatsapp]\nname = a\nparameter_format = named\nbody.1 = a\n"
	    "body.Pet = b\nbody.pet_2 = c\nheader.type = image\n"
	    "header.x = a\nheader.y = b\nheader.filename = f\n"
	    "button.0 = quick_reply, a\nbutton.1 = quick_reply, a\n"
	    "[whatsapp es]\nheader = x\nbutton.0 = Uno\nbutton.1 = Uno\n"
	    "button.2 = \"Ni más ni menos: veintiuno\"\n"
	    "[whatsapp fr]\nlanguage = fr-FR\n",
	    "m/meta.conf:17: button.2: has 26 characters; 1 to 20 are "
	    "allowed\n"
	    "m/meta.conf:19: language: not a code of Meta's, such as es or "
	    "es_MX\n"
	    "m/meta.conf: [whatsapp]: body.1 is no name that Meta takes: "
	    "small letters, digits and _\n"
	    "m/meta.conf: [whatsapp]: body.Pet is no name that Meta takes: "
	    "small letters, digits and _\n"
	    "m/meta.conf: [whatsapp]: header.link is missing\n"
	    "m/meta.conf: [whatsapp]: header.filename is for documents "
	    "only\n"
	    "m/meta.conf: [whatsapp]: header.type must be text, as there are "
	    "parameters\n"
	    "m/meta.conf: [whatsapp]: header takes one parameter\n"
	    "m/meta.conf: [whatsapp]: button.1 means the same as another "
	    "button\n"
	    "m/meta.conf:14: [whatsapp es]: language is missing: Meta's "
	    "code, such as es_MX\n"
	    "m/meta.conf:14: [whatsapp es]: header needs header.type = "
	    "text\n"
	    "m/meta.conf:14: [whatsapp es]: two buttons have the same "
	    "title\n"
	    "m/meta.conf:14: [whatsapp es]: the title of a button that "
	    "[whatsapp] does not have\n"
	    "m/meta.conf:19: [whatsapp fr]: there is no folder of this "
	    "language\n");
}

static const char *
used(const char *set, const char *language, enum part part, bool fall_back)
{
	const char *found = NULL;
	const struct template *t = templates_part(all, good(set), language,
	    part, fall_back, &found);

	return t == NULL ? "none" : template_name(t);
}

/* As an editor of another system writes them. */
static void
other_systems(void)
{
	struct buf out = BUF_INIT(100);
	struct error e;
	const struct value *scopes[] = { NULL };
	struct template_env env = { .scopes = scopes };
	const char *found;

	put("dos/meta.conf", "\xef\xbb\xbf[template]\r\n"
	    "title = \"Uno\"\r\n[variables]\r\na = text,\r\n"
	    " required\r\n");
	put("dos/es/sms", "\xef\xbb\xbfUno\r\n{% include \"x\" %}"
	    "\r\nDos\r\n");
	put("dos/x", "\xef\xbb\xbf{# x #}X\r\n");
	reopen("es");
	same(good("dos")->meta->title, "Uno");
	assert(good("dos")->meta->variables->required);
	same(templates_source(good("dos"), "es", PART_SMS),
	    "Uno\n{% include \"x\" %}\nDos");
	env.loader = templates_loader(good("dos"), "es");
	assert(template_render(templates_part(all, good("dos"), "es",
	    PART_SMS, false, &found), &env, &out, &found, &e) == 0);
	same(buf_text(&out), "Uno\nX\nDos");
	buf_release(&out);
}

static void
languages(void)
{
	put("l/meta.conf", META);
	put("l/es/text", "a");
	put("l/es/sms", "a");
	put("l/es_MX/text", "a");
	put("l/en-GB/text", "a");
	put("l/en-GB/html", "a");
	put("l/fr/subject", "a");
	put("l/de/other", "a");
	put("l/notalanguage/text", "a");
	put("l/x/text", "a");
	reopen("en-gb");
	same(templates_language(good("l"), 0), "en-GB");
	same(templates_language(good("l"), 1), "es");
	same(templates_language(good("l"), 2), "es_MX");
	same(templates_language(good("l"), 3), "fr");
	assert(templates_language(good("l"), 4) == NULL);
	same(used("l", "es", PART_TEXT, false), "l/es/text");
	same(used("l", "ES-mx", PART_TEXT, false), "l/es_MX/text");
	same(used("l", "es-419", PART_TEXT, false), "l/es/text");
	same(used("l", "es_Latn_AR", PART_TEXT, false), "l/es/text");
	/* Each part by itself, and the site's language last. */
	same(used("l", "es-MX", PART_HTML, false), "l/en-GB/html");
	same(used("l", "en", PART_TEXT, false), "l/en-GB/text");
	same(used("l", "fr", PART_TEXT, false), "l/en-GB/text");
	same(used("l", "fr", PART_SUBJECT, false), "l/fr/subject");
	same(used("l", "", PART_TEXT, false), "l/en-GB/text");
	same(used("l", NULL, PART_TEXT, false), "l/en-GB/text");
	same(used("l", "es", PART_SUBJECT, false), "none");
	same(used("l", "a-name-that-is-much-longer-than-any-language-is",
	    PART_TEXT, false), "l/en-GB/text");
	/* The right language before the right part. */
	same(used("l", "es-MX", PART_SMS, true), "l/es_MX/text");
	same(used("l", "es-MX", PART_SMS, false), "l/es/sms");
	same(used("l", "es", PART_SMS, true), "l/es/sms");
	same(used("l", "es", PART_PUSH, true), "l/es/text");
	same(used("l", "es", PART_VOICE, true), "l/es/text");
	same(used("l", "es", PART_WHATSAPP, true), "l/es/text");
	same(used("l", "es", PART_HTML, true), "l/en-GB/html");
	reopen("es-MX");
	same(used("l", "fr", PART_SMS, false), "l/es/sms");
	same(templates_source(good("l"), "es_mx", PART_TEXT), "a");
	assert(templates_own_part(good("l"), "fr", PART_TEXT) == NULL);
	assert(templates_own_part(good("l"), "it", PART_TEXT) == NULL);
}

static void
broken_parts(void)
{
	const struct template_set *set;
	struct error e = { .text = "" };

	put("broken/meta.conf", META "oops = 1\n");
	put("broken/es/sms", "hola\n{{ a|nonsense }}\n");
	put("broken/en/sms", "{% if %}");
	put("broken/en_us/sms", "x");
	put("broken/en-US/sms", "x");
	reopen("es");
	set = templates_inspect(all, "broken", &e);
	assert(set != NULL && set->faults.count == 4);
	same(set->faults.list[0].file, "broken/meta.conf");
	same(set->faults.list[1].file, "broken/en/sms");
	same(set->faults.list[2].error.text,
	    "broken/en_us: the same language as en-US");
	same(set->faults.list[3].file, "broken/es/sms");
	same(set->faults.list[3].error.excerpt, "{{ a|nonsense }}\n"
	    "     ^\n");
	assert(templates_get(all, "broken", &e) == NULL);
	assert(e.status == EX_TEMPFAIL);
	same(e.text, "template broken/meta.conf:3: oops: not a key of "
	    "[template]");
	/* A folder without meta.conf is no template that could be sent. */
	put("bare/es/sms", "x");
	assert(templates_get(all, "bare", &e) == NULL);
	assert(e.status == EX_TEMPFAIL);
	same(e.text, "template bare/meta.conf: cannot be read: No such file or directory");
}

static void
renders(const char *set, const char *language, const char *want)
{
	struct template_env env = { .language = language };
	struct buf out = BUF_INIT(4096);
	const char *found, *field;
	const struct template *t = templates_part(all, good(set), language,
	    PART_TEXT, false, &found);
	struct error e = { .text = "" };

	assert(t != NULL);
	env.loader = templates_loader(good(set), found);
	if (template_render(t, &env, &out, &field, &e) == -1)
		fprintf(stderr, "%s\n", e.text);
	same(buf_text(&out), want);
	buf_release(&out);
}

static void
includes(void)
{
	static const char five[] = "{% include \"own\" %} "
	    "{% include \"plain\" %} {% include \"ours\" %} "
	    "{% include \"all\" %} {% include \"dir/deep.txt\" %}";

	put("i/meta.conf", META);
	put("i/es/text", five);
	put("i/en/text", five);
	put("i/es-MX/text", five);
	put("i/es/own", "own-es\n");
	put("i/en/own", "own-en");
	put("i/plain", "plain");
	put("i/es/dir/deep.txt", "deep");
	put("_shared/es/ours", "ours-es");
	put("_shared/en_GB/ours", "none");
	put("_shared/EN/ours", "ours-en{% include \"more\" %}");
	put("_shared/all", "all");
	put("_shared/own", "none");
	put("_shared/es/more", "!");
	reopen("es");
	renders("i", "es", "own-es plain ours-es all deep");
	renders("i", "es-MX", "own-es plain ours-es all deep");
	/* The site's language comes last. */
	renders("i", "en", "own-en plain ours-en! all deep");
	put("i/es/plain", "plano");
	put("i/es/all", "todo");
	reopen("es");
	renders("i", "es", "own-es plano ours-es todo deep");
	renders("i", "en", "own-en plain ours-en! all deep");
}

static void
include_faults(void)
{
	const struct template_set *set;
	struct error e = { .text = "" };

	put("if/meta.conf", META);
	put("if/es/text", "a\n {% include \"gone\" %}");
	put("if/es/sms", "{% include \"bad\" %}{% include \"bad\" %}");
	put("if/es/html", "{% include \"../if/es/sms\" %}"
	    "{% include \"a/.b\" %}{% include \"/etc/passwd\" %}"
	    "{% include \"a//b\" %}{% include \"\" %}{% include \"a/\" %}");
	put("if/es/bad", "{{ x|nonsense }}");
	put("if/es/loop", "{% include \"loop\" %}");
	put("if/es/voice", "{% include \"loop\" %}");
	reopen("es");
	set = templates_inspect(all, "if", &e);
	assert(set != NULL);
	same(set->faults.list[0].error.text, "if/es/text:2:13: there is no "
	    "gone in if/es, if, _shared/es or _shared");
	same(set->faults.list[1].error.text, "if/es/html:1:12: ../if/es/sms: "
	    "not the name of a template that can be included");
	same(set->faults.list[set->faults.count - 1].error.text,
	    "if/es/bad:1:6: no such filter: nonsense");
}

static void
refused(const char *meta, const char *code, bool temporary)
{
	static const char line[] = "{\"id\":\"m\",\"template\":\"r\"}";
	struct filter f = { .stage = "route", .quiet = true };
	struct record r = RECORD_INIT;
	const struct value *error;
	struct error e;

	put("r/meta.conf", meta);
	put("r/es/text", "hola");
	reopen("es");
	assert(record_parse(&r, line, strlen(line), &e) == 0);
	assert(templates_for(all, &f, &r) == NULL);
	error = record_get(&r, "error");
	same(value_get_string(error, "code"), code);
	assert(value_is_true(value_get(error, "temporary")) == temporary);
	record_release(&r);
	arena_release(&f.mem);
}

static void
records(void)
{
	static const char line[] = "{\"template\":\"r\"}";
	struct filter f = { .stage = "route", .quiet = true };
	struct record r = RECORD_INIT;
	struct error e;

	refused("[template]\nactive = no\n", "inactive_template", false);
	refused("[template]\nrequires_approval = yes\n",
	    "unapproved_template", false);
	refused("[template]\nx = y\n", "bad_template", true);
	put("r/meta.conf", "[template]\nrequires_approval = yes\n"
	    "approved = yes\n");
	reopen("es");
	assert(record_parse(&r, line, strlen(line), &e) == 0);
	assert(templates_for(all, &f, &r) == good("r"));
	assert(record_get(&r, "error") == NULL);
	record_release(&r);
}

static void
unreadable_directory(void)
{
	struct error e;

	assert(templates_check(all, &e) == 0);
	assert(rename("t", "gone") == 0);
	reopen("es");
	assert(templates_check(all, &e) == -1 && e.status == EX_CONFIG);
	assert(templates_names(all, &e) == NULL && e.status == EX_CONFIG);
	assert(strncmp(e.text, "[paths] templates: ", 19) == 0);
	assert(rename("gone", "t") == 0);
}

int
main(void)
{
	enter_home();
	names_are_sorted_folders();
	unknown_names();
	meta_template();
	meta_template_faults();
	long_lines();
	meta_variables();
	meta_variable_faults();
	meta_whatsapp();
	meta_whatsapp_faults();
	other_systems();
	languages();
	broken_parts();
	includes();
	include_faults();
	records();
	unreadable_directory();
	remove_home();
	return 0;
}

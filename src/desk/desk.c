/* Who asks for what: a request up to its page. */
#include "desk.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/embed.h"
#include "desk_impl.h"

EMBED(desk_css, "share/desk/style.css");
extern const char desk_css[];

static _Noreturn void
put_style(struct desk *d)
{
	buf_str(&d->out, desk_css);
	desk_answer(d, "200 OK", "text/css; charset=utf-8",
	    "Cache-Control: private, max-age=3600\r\n");
}

static const struct route {
	const char *path;
	const char *methods;	/* for Allow */
	void (*page)(struct desk *d);	/* it does not return */
	bool writes;
} routes[] = {
	{ "/", "GET, HEAD", desk_list, false },
	{ "/search", "GET, HEAD", desk_search, false },
	{ "/conversation", "GET, HEAD", desk_conversation, false },
	{ "/flags", "GET, HEAD", desk_flags, false },
	{ "/day", "GET, HEAD", desk_day, false },
	{ "/style.css", "GET, HEAD", put_style, false },
	{ "/preview", "POST", desk_preview, false },
	{ "/send", "POST", desk_send, true },
	{ "/act", "POST", desk_act, true }
};

/* A name as a web server has it: one word that can be journalled. */
static bool
is_name(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > DESK_USER_MAX || !utf8_valid(s, len))
		return false;
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

static void
find_user(struct desk *d)
{
	const char *user = desk_variable("REMOTE_USER"), *role = "staff";
	const char *language;
	struct config *c = d->config;

	if (!is_name(user))
		desk_refuse(d, "403 Forbidden", T_WHO, T_WHO_ADVICE,
		    "REMOTE_USER names nobody");
	if (config_name(c, "staff", 0) != NULL) {
		if (!config_has(c, "staff", user))
			desk_refuse(d, "403 Forbidden", T_WHO,
			    T_NOT_STAFF_ADVICE, arena_printf(d->mem,
			    "%s: there is no such [staff]", user));
		role = config_string(c, "staff", user, "role");
		language = config_string(c, "staff", user, "language");
		if (language != NULL)
			d->english = strncasecmp(language, "en", 2) == 0;
	}
	d->user = user;
	d->may_write = strcmp(role, "read") != 0;
}

static const struct route *
find_route(struct desk *d)
{
	const char *method = desk_variable("REQUEST_METHOD");
	const struct route *r = routes;
	size_t n = sizeof(routes) / sizeof(routes[0]);

	while (r < routes + n && strcmp(r->path, d->path) != 0)
		r++;
	if (r == routes + n)
		desk_refuse(d, "404 Not Found", T_NO_PAGE, T_NO_PAGE_ADVICE,
		    NULL);
	if (strcmp(method, "POST") == 0 ? *r->methods == 'P' :
	    *r->methods == 'G' && (strcmp(method, "GET") == 0 ||
	    strcmp(method, "HEAD") == 0))
		return r;
	d->allow = r->methods;
	desk_refuse(d, "405 Method Not Allowed", T_NO_FORM, T_NO_FORM_ADVICE,
	    arena_printf(d->mem, "%s is not %s", method, r->methods));
}

/* Reading takes no lock and writes nothing: that is what a GET may do. */
static void
open_ledger(struct desk *d, bool writes)
{
	struct error e;

	d->inbox = (struct inbox){ .config = d->config, .mem = d->mem,
	    .author = d->user };
	d->inbox.ledger = writes ? ledger_start(d->config, LEDGER_WRITE, &e) :
	    ledger_open(config_path(d->config, "paths", NULL, "ledger"),
	    LEDGER_READ, &e);
	if (d->inbox.ledger == NULL)
		die(e.status, "%s", e.text);
	d->token = desk_token(d, 0);
	if (d->token == NULL)
		d->may_write = false;
}

static void
take_form(struct desk *d)
{
	if (!d->may_write)
		desk_refuse(d, "403 Forbidden", T_ONLY_READS,
		    T_ONLY_READS_ADVICE, NULL);
	desk_read_form(d);
}

static void
take_query(struct desk *d)
{
	const char *query = desk_variable("QUERY_STRING");
	struct error e;

	if (strlen(query) > DESK_QUERY_MAX)
		desk_refuse(d, "414 URI Too Long", T_NO_PAGE,
		    T_NO_PAGE_ADVICE, "the query is too long");
	if (form_parse(&d->query, query, strlen(query), d->mem, &e) == -1)
		desk_refuse(d, "400 Bad Request", T_NO_PAGE, T_NO_PAGE_ADVICE,
		    e.text);
}

/* The links of a page are relative to a slash behind the program's name. */
static _Noreturn void
go_below(struct desk *d)
{
	const char *script = strrchr(desk_variable("SCRIPT_NAME"), '/');
	static struct buf to = BUF_INIT(1024);

	if (script == NULL || script[1] == '\0')
		desk_refuse(d, "404 Not Found", T_NO_PAGE, T_NO_PAGE_ADVICE,
		    "PATH_INFO is empty");
	percent_encode(&to, script + 1);
	buf_char(&to, '/');
	desk_redirect(d, buf_text(&to));
}

_Noreturn void
desk(struct config *c)
{
	static struct arena mem = ARENA_INIT((size_t)256 * 1024 * 1024);
	static struct desk d = { .out = BUF_INIT(DESK_PAGE_MAX) };
	const struct route *r;

	/* Time for the body, and as much for what is done with it. */
	alarm(2 * (unsigned int)config_duration(c, "inbox", NULL, "timeout"));
	d.config = c;
	d.mem = &mem;
	d.path = desk_variable("PATH_INFO");
	d.english = strncasecmp(config_string(c, "site", NULL, "language"),
	    "en", 2) == 0;
	find_user(&d);
	if (*d.path == '\0')
		go_below(&d);
	r = find_route(&d);
	if (r->page == put_style)
		put_style(&d);
	take_query(&d);
	if (*r->methods == 'P')
		take_form(&d);
	open_ledger(&d, r->writes);
	if (*r->methods == 'P' && !desk_token_is_good(&d))
		desk_refuse(&d, "403 Forbidden", T_STALE, T_STALE_ADVICE,
		    NULL);
	r->page(&d);
	abort();
}

/* What leaves the process: one answer, whatever happens. */
#include "desk_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "desk.h"

static const char policy[] =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n"
    "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\nX-Robots-Tag: noindex, nofollow\r\n";

/* In both languages: who asks is not known when this is needed. */
static const char later[] =
    "Status: 503 Service Unavailable\r\n"
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
    "Retry-After: 30\r\nContent-Security-Policy: default-src 'none'; "
    "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    "<!DOCTYPE html>\n<html lang=\"es\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>Ahora no se puede</title>\n<meta name=\"viewport\" "
    "content=\"width=device-width, initial-scale=1\">\n</head>\n<body>\n"
    "<main>\n<h1>Ahora no se puede</h1>\n<p>Espere un momento, vuelva atrás y "
    "pruebe otra vez: lo que escribió sigue en el formulario, y nada se envía "
    "dos veces. Si no mejora, avise a quien cuida el sistema: la razón está "
    "en el registro del servidor.</p>\n<p lang=\"en\">This cannot be done now. "
    "Wait a moment, go back and try again: what you wrote is still in the "
    "form, and nothing is sent twice. If it does not get better, tell whoever "
    "looks after the system: the reason is in the server's log.</p>\n"
    "</main>\n</body>\n</html>\n";

static volatile sig_atomic_t answered;

/* Nothing can be done where this is not written: the program ends. */
static void
put_later(void)
{
	ssize_t n = write(STDOUT_FILENO, later, sizeof(later) - 1);

	(void)n;
}

static void
at_end(int status, void *ctx)
{
	(void)ctx;
	if (status != EX_OK && !answered) {
		answered = 1;
		put_later();
	}
}

/* The transaction, if there is one, dies with the process. */
static void
take_alarm(int sig)
{
	(void)sig;
	if (!answered)
		put_later();
	_exit(EX_TEMPFAIL);
}

void
desk_guard(void)
{
	signal(SIGALRM, take_alarm);
	if (on_exit(at_end, NULL) != 0)
		die(EX_OSERR, "out of memory");
}

const struct value *
desk_keep(struct desk *d, struct value *v)
{
	if (v == NULL)
		return NULL;
	if (d->kept == NULL)
		d->kept = value_new_array();
	value_append_take(d->kept, v);
	return v;
}

_Noreturn void
desk_answer(struct desk *d, const char *status, const char *type,
    const char *more)
{
	struct buf head = BUF_INIT(16 * 1024);

	ledger_close(d->inbox.ledger);
	d->inbox.ledger = NULL;
	value_free(d->kept);
	if (d->out.full)
		die(EX_SOFTWARE, "%s: the page is too long", d->path);
	buf_printf(&head, "Status: %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n%s%s", status, type, d->out.len,
	    policy, more);
	if (d->allow != NULL)
		buf_printf(&head, "Allow: %s\r\n", d->allow);
	buf_str(&head, "\r\n");
	answered = 1;
	if (io_write_all(STDOUT_FILENO, buf_text(&head), head.len) == -1 ||
	    (strcmp(desk_variable("REQUEST_METHOD"), "HEAD") != 0 &&
	    io_write_all(STDOUT_FILENO, buf_text(&d->out), d->out.len) == -1))
		die(EX_IOERR, "stdout: %s", strerror(errno));
	buf_release(&head);
	exit(EX_OK);
}

_Noreturn void
desk_redirect(struct desk *d, const char *location)
{
	buf_clear(&d->out);
	desk_answer(d, "303 See Other", "text/plain", arena_printf(d->mem,
	    "Location: %s\r\nCache-Control: no-store\r\n", location));
}

_Noreturn void
desk_refuse(struct desk *d, const char *status, enum desk_text title,
    enum desk_text advice, const char *why)
{
	diag("%s %s: %s%s%s", d->user == NULL ? "-" : d->user, d->path, status,
	    why == NULL ? "" : ": ", why == NULL ? "" : why);
	/* A server that cannot get rid of a body would lose the answer. */
	if (strncmp(status, "408", 3) != 0)
		desk_discard();
	buf_clear(&d->out);
	desk_open(d, desk_say(d, title), NULL);
	html(d, "<div class=\"trouble\" role=\"alert\">\n<h1>%t</h1>\n"
	    "<p>%t</p>\n", title, advice);
	if (why != NULL)
		html(d, "<p class=\"detail\" lang=\"en\">%s</p>\n", why);
	html(d, "</div>\n");
	if (d->user != NULL)
		html(d, "<p><a class=\"button\" href=\"./\">%t</a></p>\n",
		    T_BACK_TO_LIST);
	desk_close(d, status);
}

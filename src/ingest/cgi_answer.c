/* What leaves the process: the answer, and the file in the spool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "cgi_impl.h"
#include "inbound_file.h"
#include "page_hook.h"

_Noreturn void
cgi_answer(const char *status, const char *type, const char *body,
    const char *why)
{
	static struct buf out = BUF_INIT(64 * 1024);
	const struct cgi_hook *hook = cgi_find_hook(getenv("PATH_INFO"));

	if (why != NULL)
		diag("%s: %s", status, why);
	if (status[0] == '4' && strncmp(status, "408", 3) != 0)
		cgi_discard_body();
	buf_printf(&out, "Status: %s\r\n", status);
	if (strncmp(status, "405", 3) == 0 && hook != NULL)
		buf_printf(&out, "Allow: %s\r\n", hook->methods);
	if (type != NULL)
		buf_printf(&out, "Content-Type: %s\r\n", type);
	buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	if (io_write_all(STDOUT_FILENO, buf_text(&out), out.len) == -1)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
}

_Noreturn void
cgi_refuse(const struct cgi_request *r, const char *why)
{
	inbound_count_refused(r->spool, r->path + 1);
	cgi_answer("403 Forbidden", NULL, "", why);
}

_Noreturn void
cgi_answer_page(const struct cgi_request *r, const struct page_answer *a)
{
	static struct buf out = BUF_INIT(PAGE_MAX + 8192);

	if (strncmp(a->status, "403", 3) == 0)
		inbound_count_refused(r->spool, r->path + 1);
	if (a->why != NULL)
		diag("%s: %s", a->status, a->why);
	buf_printf(&out, "Status: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
	    a->status, buf_text(&a->headers), a->length, buf_text(&a->body));
	if (io_write_all(STDOUT_FILENO, buf_text(&out), out.len) == -1)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
}

int
cgi_try_keep(const struct cgi_request *r, struct error *e)
{
	static struct buf file = BUF_INIT(INBOUND_FILE_MAX);
	char now[CLOCK_TEXT];

	buf_printf(&file, "Hook: %s\nReceived: %s\nContent-Type: %s\n"
	    "Query: %s\nToken: %s\n\n", r->path + 1,
	    clock_format(clock_now(), now), r->type,
	    cgi_environment("QUERY_STRING"),
	    cgi_environment("HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"));
	buf_add(&file, buf_text(&r->body), r->body.len);
	if (file.full)
		return error_set(e, EX_DATAERR, "larger than a spool file may "
		    "be");
	return inbound_put(r->spool, &file, e);
}

void
cgi_keep(const struct cgi_request *r)
{
	struct error e;

	if (cgi_try_keep(r, &e) == -1)
		cgi_answer("503 Service Unavailable", NULL, "", e.text);
}

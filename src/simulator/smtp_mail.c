/*
 * A mail that came by SMTP: kept, written down and answered, or not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "emit.h"
#include "smtp.h"

/* The value of Message-ID, or NULL. */
static char *
message_id(struct session *n)
{
	const char *s = buf_text(&n->mail), *end;

	for (; *s != '\0' && *s != '\r' && *s != '\n'; s = end + 1) {
		end = strchr(s, '\n');
		if (end == NULL)
			return NULL;
		if (strncasecmp(s, "Message-ID:", 11) == 0) {
			s += 11 + strspn(s + 11, " \t\r\n");
			return arena_strndup(&n->mem, s, strcspn(s, " \r\n"));
		}
	}
	return NULL;
}

static char *
all_recipients(struct session *n)
{
	struct buf b = BUF_INIT(LINE_MAX);
	char *text;

	for (size_t i = 0; i < n->count; i++) {
		if (i > 0)
			buf_char(&b, ',');
		buf_str(&b, n->to[i]);
	}
	text = arena_strdup(&n->mem, buf_text(&b));
	buf_release(&b);
	return text;
}

const char *
mail_keep(struct simulator *s, struct arena *mem, const char *id,
    const struct buf *mail)
{
	char *name;
	int fd;

	if (s->dir == -1)
		return NULL;
	name = arena_printf(mem, "mail/%s.eml", id);
	fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0666);
	if (fd == -1 || io_write_all(fd, mail->data, mail->len) == -1 ||
	    close(fd) == -1)
		die(EX_IOERR, "%s/%s: %s", s->set.dir, name, strerror(errno));
	return name;
}

static const struct message *
accept_mail(struct session *n, const char *to, const char *reference)
{
	char id[17];
	struct message m = {
		.provider = SCOPE_SMTP, .kind = "message", .to = to,
		.id = random_hex(id, 16), .from = n->from,
		.reference = reference, .created = clock_now(),
		.sent = clock_now(), .status = "sent", .segments = 1
	};

	m.body = mail_keep(n->smtp->sim, &n->mem, id, &n->mail);
	return store_add(&n->smtp->sim->store, &m);
}

static void
log_mail(struct session *n, struct draw d, int status, const char *id)
{
	struct simulator *s = n->smtp->sim;
	struct buf b = BUF_INIT(1024 * 1024);
	char now[CLOCK_TEXT];

	emit_open(&b, NULL, '{');
	emit_string(&b, "time", clock_format(clock_now(), now));
	emit_integer(&b, "ms", clock_monotonic_ms() - s->start_ms);
	emit_string(&b, "provider", "smtp");
	emit_string(&b, "method", "DATA");
	emit_bool(&b, "authorized", n->authorized);
	emit_string(&b, "from", n->from);
	emit_open(&b, "to", '[');
	for (size_t i = 0; i < n->count; i++)
		emit_string(&b, NULL, n->to[i]);
	emit_close(&b, ']');
	emit_integer(&b, "size", (int64_t)n->mail.len);
	emit_bool(&b, "bare_lf", n->bare_lf);
	emit_string(&b, "fault", d.fault == FAULT_NONE ? NULL :
	    fault_name(d.fault));
	emit_integer(&b, "delay", d.delay_ms);
	emit_integer(&b, "status", status);
	emit_string(&b, "accepted", id);
	emit_close(&b, '}');
	journal_put(&s->requests, &b);
	buf_release(&b);
}

/* What is said after the dot, and in the log; 0: nothing, and goodbye. */
static int
status_after(enum fault f)
{
	switch (f) {
	case FAULT_DOWN:
	case FAULT_DROP_BEFORE:
	case FAULT_DROP_AFTER:
	case FAULT_TIMEOUT_AFTER:
		return 0;
	case FAULT_ERROR_500:
	case FAULT_ERROR_500_AFTER:
		return 451;
	case FAULT_ERROR_429:
		return 454;
	case FAULT_REDIRECT:
		return 551;
	case FAULT_UNAUTHORIZED:
		return 530;
	default:
		return 250;
	}
}

static void
say_huge(struct session *n, const char *id)
{
	buf_clear(&n->out);
	while (n->out.len < HUGE_SIZE)
		smtp_reply(n, "250-2.0.0 and so on, and so on, and so on");
	buf_printf(&n->out, "250 2.0.0 Ok %s\r\n", id);
}

/* Until the client has gone, or we go; or only so long. */
static void
wait_for(struct session *n, int64_t ms)
{
	struct pollfd p = { .fd = n->fd, .events = POLLRDHUP };

	smtp_flush(n);
	poll(&p, 1, (int)ms);
}

static void
say_outcome(struct session *n, struct draw d, const char *id)
{
	int status = status_after(d.fault);

	if (d.delay_ms > 0)
		wait_for(n, d.delay_ms);
	if (d.fault == FAULT_TIMEOUT_AFTER)
		wait_for(n, -1);
	if (status == 0 || d.fault == FAULT_HALF)
		n->closing = true;
	if (d.fault == FAULT_HALF)
		buf_str(&n->out, "25");
	else if (d.fault == FAULT_MALFORMED)
		smtp_reply(n, "<html>502 Bad Gateway");
	else if (d.fault == FAULT_HUGE)
		say_huge(n, id);
	else if (status == 250)
		buf_printf(&n->out, "250 2.0.0 Ok %s\r\n", id);
	else if (status == 551)
		smtp_reply(n, "551 5.1.6 Not here; try another server");
	else if (status == 530)
		smtp_reply(n, "530 5.7.0 Authentication required");
	else if (status != 0)
		buf_printf(&n->out, "%d 4.%d.0 As the simulator was told\r\n",
		    status, status == 454 ? 7 : 3);
}

void
smtp_take_mail(struct session *n)
{
	struct simulator *s = n->smtp->sim;
	const char *to = all_recipients(n);
	const char *reference = message_id(n), *id = NULL;
	struct draw d;

	pthread_mutex_lock(&s->lock);
	d = faults_draw(&s->faults, SCOPE_SMTP, reference == NULL ? to :
	    reference);
	s->played[d.fault]++;
	s->requested++;
	pthread_mutex_unlock(&s->lock);
	if (!fault_is_before(d.fault))
		id = accept_mail(n, to, reference)->id;
	log_mail(n, d, status_after(d.fault), id);
	say_outcome(n, d, id);
}

#include "smtp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"

#define SESSIONS_MAX	1000
#define IDLE_S		300

void
smtp_flush(void *ctx)
{
	struct session *n = ctx;

	if (n->out.len > 0 && io_write_all(n->fd, n->out.data, n->out.len) ==
	    -1)
		n->closing = true;
	buf_clear(&n->out);
}

void
smtp_reply(struct session *n, const char *text)
{
	buf_str(&n->out, text);
	buf_str(&n->out, "\r\n");
}

static void
reset(struct session *n)
{
	arena_reset(&n->mem);
	n->from = NULL;
	n->count = 0;
	n->bare_lf = false;
	buf_clear(&n->mail);
}

/*
 * Commands
 */

static void
hello(struct session *n, bool extended)
{
	reset(n);
	n->greeted = true;
	if (!extended) {
		smtp_reply(n, "250 simulator.invalid");
		return;
	}
	smtp_reply(n, "250-simulator.invalid");
	smtp_reply(n, "250-PIPELINING");
	smtp_reply(n, "250-SIZE 50331648");
	smtp_reply(n, "250-8BITMIME");
	smtp_reply(n, "250-SMTPUTF8");
	smtp_reply(n, "250-AUTH PLAIN");
	smtp_reply(n, "250 ENHANCEDSTATUSCODES");
}

static bool
certain(struct session *n, enum fault f)
{
	struct simulator *s = n->smtp->sim;
	bool is;

	pthread_mutex_lock(&s->lock);
	is = fault_is_certain(&s->faults, SCOPE_SMTP, f);
	s->played[f] += is;
	pthread_mutex_unlock(&s->lock);
	return is;
}

static void
authenticate(struct session *n, const char *rest)
{
	char *line;
	size_t len;

	if (strncasecmp(rest, "PLAIN", 5) != 0 ||
	    (rest[5] != '\0' && rest[5] != ' ')) {
		smtp_reply(n, "504 5.5.4 Only PLAIN");
		return;
	}
	if (rest[5] == '\0') {
		smtp_reply(n, "334 ");
		if (reader_next(&n->in, &line, &len) != READER_LINE) {
			n->closing = true;
			return;
		}
	}
	n->authorized = !certain(n, FAULT_UNAUTHORIZED);
	smtp_reply(n, n->authorized ? "235 2.7.0 Accepted" :
	    "535 5.7.8 Authentication credentials invalid");
}

/* "FROM:<a@b> BODY=8BITMIME": the address, and *rest what follows; or NULL. */
static char *
path_of(struct session *n, const char *s, const char *word, const char **rest)
{
	size_t len = strlen(word);
	const char *end;

	if (strncasecmp(s, word, len) != 0)
		return NULL;
	for (s += len; *s == ' '; s++)
		;
	end = *s == '<' ? strchr(s, '>') : NULL;
	if (end == NULL)
		return NULL;
	*rest = end + 1;
	return arena_strndup(&n->mem, s + 1, (size_t)(end - s - 1));
}

static bool
parameters_known(const char *s)
{
	static const char *const known[] = { "SIZE=", "BODY=8BITMIME",
	    "BODY=7BIT", "SMTPUTF8", "AUTH=" };
	size_t i;

	for (s += strspn(s, " "); *s != '\0'; s += strspn(s, " ")) {
		for (i = 0; i < 5; i++)
			if (strncasecmp(s, known[i], strlen(known[i])) == 0)
				break;
		if (i == 5)
			return false;
		s += strcspn(s, " ");
	}
	return true;
}

static void
take_sender(struct session *n, const char *arg)
{
	const char *rest, *from;

	if (!n->greeted || n->from != NULL) {
		smtp_reply(n, "503 5.5.1 Not now");
		return;
	}
	from = path_of(n, arg, "FROM:", &rest);
	if (from == NULL)
		smtp_reply(n, "501 5.5.4 Not MAIL FROM:<address>");
	else if (!parameters_known(rest))
		smtp_reply(n, "555 5.5.4 Unknown parameter");
	else {
		n->from = from;
		smtp_reply(n, "250 2.1.0 Ok");
	}
}

/* The code that was set for the recipient; 0: none. */
static int
refusal(struct session *n, const char *to)
{
	struct exchange x = { .sim = n->smtp->sim,
	    .mem = ARENA_INIT(1024 * 1024) };
	const char *what = answer_for(&x, to);
	const char *colon = what == NULL ? NULL : strchr(what, ':');
	int code = what == NULL ? 0 : (int)strtol(colon == NULL ? what :
	    colon + 1, NULL, 10);

	arena_release(&x.mem);
	return code >= 400 && code < 600 ? code : 0;
}

static void
take_recipient(struct session *n, const char *arg)
{
	const char *rest, *to;
	int code;

	if (n->from == NULL) {
		smtp_reply(n, "503 5.5.1 MAIL comes first");
		return;
	}
	to = path_of(n, arg, "TO:", &rest);
	if (to == NULL || *to == '\0' || !parameters_known(rest)) {
		smtp_reply(n, "501 5.5.4 Not RCPT TO:<address>");
		return;
	}
	code = refusal(n, to);
	if (code != 0)
		buf_printf(&n->out, "%d %d.1.1 <%s>: as the simulator was "
		    "told\r\n", code, code / 100, to);
	else if (n->count == RECIPIENTS_MAX)
		smtp_reply(n, "452 4.5.3 Too many recipients");
	else {
		n->to[n->count++] = to;
		smtp_reply(n, "250 2.1.5 Ok");
	}
}

/*
 * A mail
 */

static void
take_data(struct session *n)
{
	char *line;
	size_t len;

	if (n->count == 0) {
		smtp_reply(n, "503 5.5.1 RCPT comes first");
		return;
	}
	smtp_reply(n, "354 End with a dot");
	for (;;) {
		if (reader_next(&n->in, &line, &len) != READER_LINE) {
			n->closing = true;
			return;
		}
		n->bare_lf |= len == 0 || line[len - 1] != '\r';
		if (line[0] == '.' && len == 2 && line[1] == '\r')
			break;
		if (line[0] == '.') {
			line++;
			len--;
		}
		buf_add(&n->mail, line, len);
		buf_char(&n->mail, '\n');
	}
	if (n->mail.full) {
		smtp_reply(n, "552 5.3.4 Too large");
		reset(n);
		return;
	}
	smtp_take_mail(n);
	reset(n);
}

/*
 * A session
 */

static void
obey(struct session *n, char *line, size_t len)
{
	static const struct {
		const char *verb;
		void (*take)(struct session *n, const char *arg);
	} with_argument[] = {
		{ "MAIL ", take_sender }, { "RCPT ", take_recipient },
		{ "AUTH ", authenticate }
	};

	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	for (size_t i = 0; i < 3; i++)
		if (strncasecmp(line, with_argument[i].verb, 5) == 0) {
			with_argument[i].take(n, line + 5);
			return;
		}
	if (strncasecmp(line, "EHLO ", 5) == 0)
		hello(n, true);
	else if (strncasecmp(line, "HELO ", 5) == 0)
		hello(n, false);
	else if (strcasecmp(line, "DATA") == 0)
		take_data(n);
	else if (strcasecmp(line, "RSET") == 0) {
		reset(n);
		smtp_reply(n, "250 2.0.0 Ok");
	} else if (strcasecmp(line, "NOOP") == 0)
		smtp_reply(n, "250 2.0.0 Ok");
	else if (strcasecmp(line, "QUIT") == 0) {
		smtp_reply(n, "221 2.0.0 Bye");
		n->closing = true;
	} else
		smtp_reply(n, "500 5.5.2 Unknown command");
}

static void
converse(struct session *n)
{
	enum reader_status got;
	size_t len;
	char *line;

	smtp_reply(n, "220 simulator.invalid ESMTP omni-simulator");
	while (!n->closing) {
		got = reader_next(&n->in, &line, &len);
		if (got == READER_TOO_LONG)
			smtp_reply(n, "500 5.5.2 Line too long");
		else if (got != READER_LINE)
			break;
		else
			obey(n, line, len);
	}
	smtp_flush(n);
}

static void
unlink_session(struct session *n)
{
	struct smtp *m = n->smtp;
	struct session **place = &m->sessions;

	pthread_mutex_lock(&m->lock);
	while (*place != n)
		place = &(*place)->next;
	*place = n->next;
	m->count--;
	close(n->fd);
	pthread_cond_signal(&m->ended);
	pthread_mutex_unlock(&m->lock);
}

static void *
run_session(void *ctx)
{
	struct session *n = ctx;

	if (!certain(n, FAULT_DOWN))
		converse(n);
	reader_release(&n->in);
	buf_release(&n->out);
	buf_release(&n->mail);
	arena_release(&n->mem);
	unlink_session(n);
	free(n);
	return NULL;
}

static struct session *
session_new(struct smtp *m, int fd)
{
	struct timeval idle = { .tv_sec = IDLE_S };
	struct session *n;

	n = calloc(1, sizeof(*n));
	if (n == NULL)
		die(EX_OSERR, "out of memory");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	n->smtp = m;
	n->fd = fd;
	n->out = (struct buf)BUF_INIT(2 * HUGE_SIZE);
	n->mail = (struct buf)BUF_INIT(BODY_MAX);
	n->mem = (struct arena)ARENA_INIT(4 * 1024 * 1024);
	reader_init(&n->in, fd, LINE_MAX, smtp_flush, n);
	return n;
}

/* False: no more of them. */
static bool
begin_session(struct smtp *m, int fd, pthread_attr_t *detached)
{
	struct session *n = NULL;
	pthread_t thread;
	bool room;

	pthread_mutex_lock(&m->lock);
	room = !m->stopping && m->count < SESSIONS_MAX;
	if (room) {
		n = session_new(m, fd);
		n->next = m->sessions;
		m->sessions = n;
		m->count++;
	}
	pthread_mutex_unlock(&m->lock);
	if (!room)
		close(fd);
	else if (pthread_create(&thread, detached, run_session, n) != 0)
		die(EX_OSERR, "no thread could be started");
	return room;
}

static void *
run(void *ctx)
{
	struct smtp *m = ctx;
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	pthread_attr_t detached;
	bool stop;
	int fd;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	do {
		poll(&p, 1, -1);
		fd = accept4(m->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			begin_session(m, fd, &detached);
		pthread_mutex_lock(&m->lock);
		stop = m->stopping;
		pthread_mutex_unlock(&m->lock);
	} while (!stop);
	pthread_attr_destroy(&detached);
	return NULL;
}

struct smtp *
smtp_start(struct simulator *s, int fd)
{
	struct smtp *m;

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		die(EX_OSERR, "out of memory");
	if (s->dir != -1 && mkdirat(s->dir, "mail", 0777) == -1 &&
	    errno != EEXIST)
		die(errno_status(errno), "%s/mail: %s", s->set.dir,
		    strerror(errno));
	m->sim = s;
	m->fd = fd;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->ended, NULL);
	if (pthread_create(&m->thread, NULL, run, m) != 0)
		die(EX_OSERR, "no thread could be started");
	return m;
}

void
smtp_stop(struct smtp *m)
{
	pthread_mutex_lock(&m->lock);
	m->stopping = true;
	for (struct session *n = m->sessions; n != NULL; n = n->next)
		shutdown(n->fd, SHUT_RDWR);
	while (m->count > 0)
		pthread_cond_wait(&m->ended, &m->lock);
	pthread_mutex_unlock(&m->lock);
	shutdown(m->fd, SHUT_RDWR);
	pthread_join(m->thread, NULL);
	close(m->fd);
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->ended);
	free(m);
}

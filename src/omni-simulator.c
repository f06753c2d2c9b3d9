/*
 * omni-simulator - play the providers on loopback, so that sending can be
 * rehearsed.  See omni-simulator(1).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "base/output.h"
#include "simulator/callback.h"
#include "simulator/llm.h"
#include "simulator/settings.h"
#include "simulator/simulator.h"

#define USAGE \
	"usage: omni-simulator [-d directory] [-p port] [-s smtp-port]\n" \
	"           [-o name=value] [--answer to=code] [--fault kind=share]\n" \
	"           [--retry-after seconds] [--seed number]\n" \
	"           [--callbacks on|off] [--callback-delay ms]\n" \
	"           [--callback-mode mode[,mode...]] [--callback-to url]\n" \
	"           [--callback-dir directory] [--whatsapp-webhook url]\n" \
	"           [--llm file]\n" \
	"       omni-simulator -h | --help | -V | --version\n"

#define HELP \
	"  -d directory          keep what is received and accepted there\n" \
	"  -p port               of HTTP; 0: any that is free\n" \
	"  -s smtp-port          of SMTP; 0: any that is free\n" \
	"  -o name=value         a credential: account_sid, auth_token,\n" \
	"                        whatsapp_token, app_secret,\n" \
	"                        aws_access_key_id, aws_secret_access_key,\n" \
	"                        aws_session_token, llm_key\n" \
	"  --answer to=code      what a recipient is answered with\n" \
	"  --fault kind=share    how often a fault is played\n" \
	"  --retry-after seconds what error_429 says\n" \
	"  --seed number         other requests meet the faults\n" \
	"  --callbacks on|off    tell how messages fare; on without this\n" \
	"  --callback-delay ms   from one status to the next\n" \
	"  --callback-mode mode  early, late, twice, shuffled, batched\n" \
	"  --callback-dir directory\n" \
	"                        write callbacks there, send none\n" \
	"  --callback-to url     ask this server, whatever host is named\n" \
	"  --llm file            what a language model answers, in turn\n" \
	"  --whatsapp-webhook url\n" \
	"                        who is told of WhatsApp messages\n" \
	"  -h, --help            this text\n" \
	"  -V, --version         the version\n"

#define ZEROS	"00000000000000000000000000000000"
#define TOKEN	"simulator-token"

#define DELAY_MS	100

enum {
	OPT_ANSWER = 256,
	OPT_CALLBACKS,
	OPT_CALLBACK_DELAY,
	OPT_CALLBACK_DIR,
	OPT_CALLBACK_MODE,
	OPT_CALLBACK_TO,
	OPT_FAULT,
	OPT_LLM,
	OPT_RETRY_AFTER,
	OPT_SEED,
	OPT_WEBHOOK
};

static const struct option longs[] = {
	{ "answer", required_argument, NULL, OPT_ANSWER },
	{ "callbacks", required_argument, NULL, OPT_CALLBACKS },
	{ "callback-delay", required_argument, NULL, OPT_CALLBACK_DELAY },
	{ "callback-dir", required_argument, NULL, OPT_CALLBACK_DIR },
	{ "callback-mode", required_argument, NULL, OPT_CALLBACK_MODE },
	{ "callback-to", required_argument, NULL, OPT_CALLBACK_TO },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "llm", required_argument, NULL, OPT_LLM },
	{ "retry-after", required_argument, NULL, OPT_RETRY_AFTER },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "whatsapp-webhook", required_argument, NULL, OPT_WEBHOOK },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static _Noreturn void
usage(void)
{
	fputs(USAGE, stderr);
	exit(EX_USAGE);
}

static _Noreturn void
print(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
}

/*
 * Options
 */

static int64_t
number(const char *option, const char *s, int64_t max)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, 10);
	if (end == s || *end != '\0' || n < 0 || n > max || errno != 0)
		die(EX_USAGE, "%s %s: not a number from 0 to %jd", option, s,
		    (intmax_t)max);
	return n;
}

/* Cuts "name=value" in two at the last '='. */
static char *
value_of(const char *option, char *s)
{
	char *equals = strrchr(s, '=');

	if (equals == NULL || equals == s)
		die(EX_USAGE, "%s %s: not name=value", option, s);
	*equals = '\0';
	return equals + 1;
}

static void
take_setting(struct settings *set, char *arg)
{
	char *equals = strchr(arg, '=');
	const struct {
		const char *name, **place;
	} known[] = {
		{ "account_sid", &set->account_sid },
		{ "auth_token", &set->auth_token },
		{ "whatsapp_token", &set->whatsapp_token },
		{ "app_secret", &set->app_secret },
		{ "aws_access_key_id", &set->aws_access_key_id },
		{ "aws_secret_access_key", &set->aws_secret_access_key },
		{ "aws_session_token", &set->aws_session_token },
		{ "llm_key", &set->llm_key }
	};

	if (equals == NULL)
		die(EX_USAGE, "-o %s: not name=value", arg);
	*equals = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, arg) == 0) {
			*known[i].place = equals + 1;
			return;
		}
	die(EX_USAGE, "-o %s: no such setting", arg);
}

static void
take_fault(struct simulator *s, char *arg)
{
	char *value = value_of("--fault", arg);
	struct error e;

	if (faults_set(&s->faults, arg, value, &e) == -1)
		die(e.status, "--fault %s", e.text);
}

static void
take_answer(struct simulator *s, char *arg)
{
	char *value = value_of("--answer", arg);
	struct error e;

	if (simulator_set_answer(s, arg, value, &e) == -1)
		die(e.status, "--%s", e.text);
}

static void
take_callbacks(struct simulator *s, const char *name, const char *value)
{
	struct error e;

	if (settings_callbacks(&s->set, name, value, &e) == -1)
		die(e.status, "%s", e.text);
}

static void
take_long(struct simulator *s, int ch, char *arg)
{
	switch (ch) {
	case OPT_ANSWER:
		take_answer(s, arg);
		break;
	case OPT_CALLBACKS:
		take_callbacks(s, "on", arg);
		break;
	case OPT_CALLBACK_DELAY:
		take_callbacks(s, "delay", arg);
		break;
	case OPT_CALLBACK_DIR:
		s->set.callback_dir = arg;
		break;
	case OPT_CALLBACK_MODE:
		take_callbacks(s, "mode", arg);
		break;
	case OPT_CALLBACK_TO:
		s->set.callback_to = arg;
		break;
	case OPT_FAULT:
		take_fault(s, arg);
		break;
	case OPT_LLM:
		s->llm_file = arg;
		break;
	case OPT_RETRY_AFTER:
		s->set.retry_after = (int)number("--retry-after", arg, 86400);
		break;
	case OPT_SEED:
		s->faults.seed = (uint64_t)number("--seed", arg, INT64_MAX);
		break;
	case OPT_WEBHOOK:
		s->set.whatsapp_webhook = arg;
		break;
	default:
		usage();
	}
}

static void
take_option(struct simulator *s, int ch, char *arg)
{
	switch (ch) {
	case 'd':
		s->set.dir = arg;
		break;
	case 'p':
		s->http_port = (int)number("-p", arg, 65535);
		break;
	case 's':
		s->smtp_port = (int)number("-s", arg, 65535);
		break;
	case 'o':
		take_setting(&s->set, arg);
		break;
	case 'h':
		print(USAGE HELP);
	case 'V':
		print("omni-simulator " OMNI_VERSION "\n");
	default:
		take_long(s, ch, arg);
	}
}

static void
take_options(struct simulator *s, int argc, char *argv[])
{
	int ch;

	while ((ch = getopt_long(argc, argv, "d:p:s:o:hV", longs, NULL)) != -1)
		take_option(s, ch, optarg);
	if (optind != argc)
		usage();
}

/*
 * Set-up
 */

/* Listens on 127.0.0.1, and puts the port that it became into *port. */
static int
listen_on(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)*port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		die(EX_OSERR, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 1024) == -1)
		die(EX_UNAVAILABLE, "127.0.0.1:%d: %s", *port,
		    strerror(errno));
	if (getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		die(EX_OSERR, "getsockname: %s", strerror(errno));
	*port = ntohs(a.sin_port);
	return fd;
}

static void
prepare_credentials(struct simulator *s)
{
	char pair[256], text[4 * ((sizeof(pair) + 2) / 3) + 1];
	int len;

	len = snprintf(pair, sizeof(pair), "%s:%s", s->set.account_sid,
	    s->set.auth_token);
	if (len < 0 || (size_t)len >= sizeof(pair) ||
	    strlen(s->set.whatsapp_token) >= sizeof(s->bearer) - 8)
		die(EX_USAGE, "-o: too long a credential");
	digest_base64(pair, (size_t)len, text);
	snprintf(s->basic, sizeof(s->basic), "Basic %s", text);
	snprintf(s->bearer, sizeof(s->bearer), "Bearer %s",
	    s->set.whatsapp_token);
}

/* As many connections at once as the system allows. */
static void
raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static void
open_files(struct simulator *s)
{
	struct error e;

	if (s->set.dir != NULL) {
		s->dir = io_open_dir(s->set.dir, 0777, &e);
		if (s->dir == -1)
			die(e.status, "%s", e.text);
	}
	if (s->llm_file != NULL && llm_load(s, s->llm_file, &e) == -1)
		die(e.status, "--llm %s", e.text);
	if (journal_open(&s->requests, s->dir, "requests.ndjson", &e) == -1 ||
	    store_open(&s->store, s->dir, &e) == -1)
		die(e.status, "%s/%s", s->set.dir, e.text);
}

/* Those threads that are started from now on leave signals to main(). */
static void
block_signals(sigset_t *set)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void
init(struct simulator *s)
{
	*s = (struct simulator){ .dir = -1, .set = {
		.account_sid = "AC" ZEROS, .auth_token = TOKEN,
		.whatsapp_token = TOKEN, .app_secret = TOKEN,
		.aws_access_key_id = "simulator",
		.aws_secret_access_key = TOKEN, .llm_key = TOKEN,
		.callbacks = true, .callback_delay_ms = DELAY_MS
	} };
	pthread_mutex_init(&s->lock, NULL);
	faults_init(&s->faults, 1);
	s->start_ms = clock_monotonic_ms();
}

static void
release(struct simulator *s)
{
	hold_release(&s->hold);
	store_close(&s->store);
	journal_close(&s->requests);
	faults_release(&s->faults);
	table_clear(&s->answers, free);
	table_clear(&s->media, media_drop);
	value_free(s->llm);
	pthread_mutex_destroy(&s->lock);
	if (s->dir != -1)
		close(s->dir);
}

static void
say_ready(const struct simulator *s)
{
	printf("{\"http\":\"http://127.0.0.1:%d\",\"smtp\":\"127.0.0.1:%d\"}"
	    "\n", s->http_port, s->smtp_port);
	if (fflush(stdout) == EOF)
		die(EX_IOERR, "stdout: %s", strerror(errno));
}

static void
serve(struct simulator *s, sigset_t *signals)
{
	int fd = listen_on(&s->http_port), got;
	struct MHD_Daemon *http;
	struct smtp *smtp;

	smtp = smtp_start(s, listen_on(&s->smtp_port));
	hold_start(&s->hold);
	s->callbacks = callbacks_start(s);
	http = http_start(s, fd);
	if (http == NULL)
		die(EX_OSERR, "the HTTP server could not be started");
	say_ready(s);
	sigwait(signals, &got);
	atomic_store(&s->stopping, true);
	hold_stop(&s->hold);
	MHD_stop_daemon(http);
	callbacks_stop(s->callbacks);
	smtp_stop(smtp);
}

int
main(int argc, char *argv[])
{
	struct simulator s;
	sigset_t signals;

	output_init();
	umask(027);
	init(&s);
	take_options(&s, argc, argv);
	clock_init();
	record_setup();
	prepare_credentials(&s);
	raise_limit();
	open_files(&s);
	block_signals(&signals);
	serve(&s, &signals);
	release(&s);
	return EX_OK;
}

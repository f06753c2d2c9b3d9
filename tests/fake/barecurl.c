/*
 * What libcurl alone can do, for `make bench`: so many transfers at a time, and
 * nothing is recorded.
 *
 *	barecurl URL USER:PASSWORD CONNECTIONS <bodies
 *	barecurl smtp://HOST:PORT/NAME FROM TO CONNECTIONS COUNT <message
 *
 * Posts each line of standard input to one URL; or sends one mail again and
 * again.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	CURL *curl;
	char *body;
	size_t size, sent;
};

/* Of mail: what is sent, and how many more times. */
static char message[1024 * 1024];
static size_t message_size;
static long mails;

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static size_t
on_read(char *out, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;
	size_t len = message_size - l->sent;

	if (len > size * n)
		len = size * n;
	memcpy(out, message + l->sent, len);
	l->sent += len;
	return len;
}

static int
next_mail(CURLM *multi, struct line *l)
{
	if (mails == 0)
		return 0;
	mails--;
	l->sent = 0;
	curl_multi_add_handle(multi, l->curl);
	return 1;
}

static int
next_body(CURLM *multi, struct line *l)
{
	ssize_t len = getline(&l->body, &l->size, stdin);

	if (len <= 0)
		return 0;
	if (l->body[len - 1] == '\n')
		len--;
	curl_easy_setopt(l->curl, CURLOPT_POSTFIELDSIZE, (long)len);
	curl_easy_setopt(l->curl, CURLOPT_POSTFIELDS, l->body);
	curl_multi_add_handle(multi, l->curl);
	return 1;
}

static void
make_line(struct line *l, char *argv[])
{
	l->curl = curl_easy_init();
	curl_easy_setopt(l->curl, CURLOPT_PRIVATE, l);
	curl_easy_setopt(l->curl, CURLOPT_URL, argv[1]);
	curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, on_body);
	if (message_size == 0) {
		curl_easy_setopt(l->curl, CURLOPT_USERPWD, argv[2]);
		return;
	}
	curl_easy_setopt(l->curl, CURLOPT_MAIL_FROM, argv[2]);
	curl_easy_setopt(l->curl, CURLOPT_MAIL_RCPT,
	    curl_slist_append(NULL, argv[3]));
	curl_easy_setopt(l->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(l->curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(l->curl, CURLOPT_READDATA, l);
	curl_easy_setopt(l->curl, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)message_size);
}

/* Reads what there is to send; the number of connections, 0: wrong usage. */
static long
read_arguments(int argc, char *argv[])
{
	if (argc == 4)
		return strtol(argv[3], NULL, 10);
	if (argc != 6 || strncmp(argv[1], "smtp", 4) != 0)
		return 0;
	mails = strtol(argv[5], NULL, 10);
	message_size = fread(message, 1, sizeof(message), stdin);
	return message_size == 0 ? 0 : strtol(argv[4], NULL, 10);
}

/* The number that were not accepted. */
static long
run(CURLM *multi, struct line *lines, long count, char *argv[])
{
	int (*next)(CURLM *, struct line *) = message_size > 0 ? next_mail :
	    next_body;
	long refused = 0, code, good = message_size > 0 ? 250 : 201;
	int running = 0, queued, open = 0;
	struct CURLMsg *m;
	char *private;

	for (long i = 0; i < count; i++) {
		make_line(&lines[i], argv);
		open += next(multi, &lines[i]);
	}
	while (open > 0) {
		curl_multi_perform(multi, &running);
		while ((m = curl_multi_info_read(multi, &queued)) != NULL) {
			curl_easy_getinfo(m->easy_handle,
			    CURLINFO_RESPONSE_CODE, &code);
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
			    &private);
			refused += m->data.result != CURLE_OK || code != good;
			curl_multi_remove_handle(multi, m->easy_handle);
			open += next(multi,
			    (struct line *)(void *)private) - 1;
		}
		if (running > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	return refused;
}

int
main(int argc, char *argv[])
{
	long count = read_arguments(argc, argv), refused;
	struct line *lines;
	CURLM *multi;

	if (count < 1) {
		fputs("usage: barecurl url user:password connections\n"
		    "       barecurl smtp://host:port/name from to connections "
		    "count\n", stderr);
		return 64;
	}
	curl_global_init(CURL_GLOBAL_ALL);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, count);
	lines = calloc((size_t)count, sizeof(*lines));
	refused = run(multi, lines, count, argv);
	for (long i = 0; i < count; i++) {
		curl_easy_cleanup(lines[i].curl);
		free(lines[i].body);
	}
	free(lines);
	curl_multi_cleanup(multi);
	curl_global_cleanup();
	if (refused > 0)
		fprintf(stderr, "barecurl: %ld were not accepted\n", refused);
	return refused > 0;
}

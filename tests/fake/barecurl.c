/*
 * What libcurl alone can do, for `make bench`: posts each line of standard
 * input to one URL, so many at a time, and records nothing.
 *
 *	barecurl URL USER:PASSWORD CONNECTIONS <bodies
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	CURL *curl;
	char *body;
	size_t size;
};

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static int
next(CURLM *multi, struct line *l)
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
	curl_easy_setopt(l->curl, CURLOPT_USERPWD, argv[2]);
	curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, on_body);
}

int
main(int argc, char *argv[])
{
	long refused = 0, code, count = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	struct line *lines, *l;
	struct CURLMsg *m;
	CURLM *multi;
	char *private;
	int running = 0, queued, open = 0;

	if (count < 1) {
		fputs("usage: barecurl url user:password connections\n",
		    stderr);
		return 64;
	}
	curl_global_init(CURL_GLOBAL_ALL);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, count);
	lines = calloc((size_t)count, sizeof(*lines));
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
			refused += code != 201;
			l = (struct line *)(void *)private;
			curl_multi_remove_handle(multi, l->curl);
			open += next(multi, l) - 1;
		}
		if (running > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
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

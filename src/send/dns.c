/* Asking a name server, with the resolver of the C library. */
#include "mail_check.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ANSWER_MAX	65535	/* bytes; what TCP can carry */
#define WAIT_S		3	/* for one server, the first time */
#define TRIES		2
#define FAILURES_MAX	3	/* in a row; then nobody is asked any more */

struct dns {
	struct __res_state state;
	unsigned char answer[ANSWER_MAX];
	int failures;
};

/* "127.0.0.1:5353" */
static int
set_server(struct dns *d, const char *server, struct error *e)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	size_t len = strcspn(server, ":");
	unsigned long port = NAMESERVER_PORT;
	char address[INET_ADDRSTRLEN], *end;

	snprintf(address, sizeof(address), "%.*s", (int)len, server);
	if (server[len] == ':') {
		errno = 0;
		port = strtoul(server + len + 1, &end, 10);
		if (*end != '\0' || server[len + 1] < '0' ||
		    server[len + 1] > '9' || port == 0 || port > 65535)
			len = sizeof(address);
	}
	if (len >= sizeof(address) ||
	    inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return error_set(e, EX_USAGE, "--dns=%.100s: not an IPv4 "
		    "address and, behind a colon, a port", server);
	to.sin_port = htons((in_port_t)port);
	d->state.nsaddr_list[0] = to;
	d->state.nscount = 1;
	return 0;
}

struct dns *
dns_open(const char *server, struct error *e)
{
	struct dns *d = calloc(1, sizeof(*d));

	if (d == NULL)
		die(EX_OSERR, "out of memory");
	if (res_ninit(&d->state) == -1) {
		error_errno(e, "the resolver cannot start");
		free(d);
		return NULL;
	}
	d->state.retrans = WAIT_S;
	d->state.retry = TRIES;
	/* Names are whole: resolv.conf(5) has no part in them. */
	d->state.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	if (server != NULL && set_server(d, server, e) == -1) {
		dns_close(d);
		return NULL;
	}
	return d;
}

void
dns_close(struct dns *d)
{
	if (d == NULL)
		return;
	res_nclose(&d->state);
	free(d);
}

/* The strings of a TXT record are one text. */
static char *
read_txt(const ns_rr *rr, struct arena *mem)
{
	const unsigned char *p = ns_rr_rdata(*rr), *end;
	struct buf text = BUF_INIT(ANSWER_MAX);
	char *copy;

	for (end = p + ns_rr_rdlen(*rr); p < end && p + 1 + *p <= end;
	    p += 1 + *p)
		buf_add(&text, p + 1, *p);
	copy = arena_strdup(mem, buf_text(&text));
	buf_release(&text);
	return copy;
}

static char *
read_name(const ns_msg *m, const unsigned char *p, struct arena *mem)
{
	char name[NS_MAXDNAME];

	if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), p, name,
	    sizeof(name)) == -1)
		return NULL;
	return arena_strdup(mem, name);
}

static char *
read_record(const ns_msg *m, const ns_rr *rr, struct arena *mem)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	char *name;

	if (ns_rr_type(*rr) == ns_t_txt)
		return read_txt(rr, mem);
	if (ns_rr_type(*rr) != ns_t_mx)
		return read_name(m, data, mem);
	if (ns_rr_rdlen(*rr) < NS_INT16SZ + 1)
		return NULL;
	name = read_name(m, data + NS_INT16SZ, mem);
	return name == NULL ? NULL : arena_printf(mem, "%u %s",
	    ns_get16(data), name);
}

static void
read_answer(const struct dns *d, int len, ns_type type, struct arena *mem,
    struct dns_answer *out)
{
	ns_msg m;
	ns_rr rr;
	char *text;

	out->status = DNS_FAILED;
	out->why = "an answer that is none";
	if (ns_initparse(d->answer, len, &m) == -1)
		return;
	out->status = DNS_NO_DATA;
	for (int i = 0; i < ns_msg_count(m, ns_s_an) &&
	    out->count < DNS_ANSWERS; i++) {
		/* A CNAME on the way to others is no answer. */
		if (ns_parserr(&m, ns_s_an, i, &rr) == -1 ||
		    ns_rr_type(rr) != type)
			continue;
		text = read_record(&m, &rr, mem);
		if (text != NULL)
			out->texts[out->count++] = text;
	}
	if (out->count > 0)
		out->status = DNS_FOUND;
}

static void
explain(struct dns *d, int error, struct dns_answer *out)
{
	switch (d->state.res_h_errno) {
	case HOST_NOT_FOUND:
		out->status = DNS_NO_NAME;
		d->failures = 0;
		return;
	case NO_DATA:
		out->status = DNS_NO_DATA;
		d->failures = 0;
		return;
	default:
		out->status = DNS_FAILED;
		/* A server that cannot tell looks like one that is slow. */
		out->why = error == ECONNREFUSED ?
		    "no name server is there" :
		    "no name server gives an answer";
		d->failures++;
	}
}

void
dns_ask(struct dns *d, const char *name, const char *type, struct arena *mem,
    struct dns_answer *out)
{
	ns_type t = strcmp(type, "MX") == 0 ? ns_t_mx :
	    strcmp(type, "CNAME") == 0 ? ns_t_cname : ns_t_txt;
	int len;

	*out = (struct dns_answer){ .status = DNS_FAILED,
	    .why = "no name server gives an answer" };
	if (d->failures >= FAILURES_MAX)
		return;
	errno = 0;
	len = res_nquery(&d->state, name, ns_c_in, t, d->answer,
	    sizeof(d->answer));
	if (len < 0) {
		explain(d, errno, out);
		return;
	}
	d->failures = 0;
	read_answer(d, len > ANSWER_MAX ? ANSWER_MAX : len, t, mem, out);
}

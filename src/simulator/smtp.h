#ifndef OMNI_SIMULATOR_SMTP_H
#define OMNI_SIMULATOR_SMTP_H

#include <pthread.h>
#include <stdbool.h>

#include "base/reader.h"
#include "simulator.h"

/*
 * A mail server: takes every mail, keeps it, and delivers none.  A thread for
 * each connection; replies go out when the client waits for one, so that a
 * client may send ahead (RFC 2920).
 */
#define LINE_MAX	(64 * 1024)	/* bytes */
#define RECIPIENTS_MAX	100
#define HUGE_SIZE	(10 * 1024 * 1024)

struct smtp {
	struct simulator *sim;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct session *sessions;
	size_t count;
	bool stopping;
};

struct session {
	struct session *next;
	struct smtp *smtp;
	int fd;
	struct reader in;
	struct buf out;
	/* The transaction: */
	bool greeted, authorized, closing;
	struct arena mem;
	const char *from, *to[RECIPIENTS_MAX];	/* from: NULL before MAIL */
	size_t count;
	struct buf mail;
	bool bare_lf;
};

void smtp_reply(struct session *n, const char *text);
/* What was replied goes out now. */
void smtp_flush(void *session);
/* smtp_mail.c: the mail is whole; accepts it, or plays a fault. */
void smtp_take_mail(struct session *n);

#endif

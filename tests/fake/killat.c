/*
 * killat N COMMAND [ARGUMENT]...
 *
 * Kills the command on entering its N-th system call, counted over all of its
 * threads and from its execve(2) on, and says which one it was; with 0 it
 * lets the command run to its end and says how many calls it made.  Processes
 * that it starts are not counted, and not killed.
 *
 * strace -e inject counts each thread by itself, which is no help where two
 * threads share the work.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SYSCALL_STOP	(SIGTRAP | 0x80)

static long count, limit;

static void
fail(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(EX_OSERR);
}

static pid_t
begin(char *argv[])
{
	pid_t pid = fork();
	int status;

	if (pid == -1)
		fail("fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			fail("ptrace");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	if (waitpid(pid, &status, 0) == -1 || !WIFSTOPPED(status))
		fail("waitpid");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD |
	    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) == -1)
		fail("ptrace");
	return pid;
}

/* On entering a call, and not on leaving it. */
static void
look(pid_t pid, pid_t thread)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info),
	    &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY ||
	    ++count != limit)
		return;
	fprintf(stderr, "killat: call %ld was number %llu of thread %s\n",
	    count, (unsigned long long)info.entry.nr,
	    thread == pid ? "1" : "2");
	kill(pid, SIGKILL);
}

/* What a thread stopped for, if it must be told when it goes on. */
static int
signal_of(int status)
{
	int sig = WSTOPSIG(status);

	if (sig == SYSCALL_STOP || sig == SIGSTOP || status >> 16 != 0)
		return 0;
	return sig == SIGTRAP ? 0 : sig;
}

int
main(int argc, char *argv[])
{
	bool running = false;
	pid_t pid, thread;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: killat N COMMAND [ARGUMENT]...\n");
		return EX_USAGE;
	}
	limit = strtol(argv[1], NULL, 10);
	pid = begin(argv + 2);
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == -1)
		fail("ptrace");
	while ((thread = waitpid(-1, &status, __WALL)) != -1) {
		if (!WIFSTOPPED(status)) {
			if (thread == pid)
				break;
			continue;
		}
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			running = true;
		else if (running && WSTOPSIG(status) == SYSCALL_STOP)
			look(pid, thread);
		/* It may have been killed meanwhile. */
		ptrace(PTRACE_SYSCALL, thread, NULL,
		    (void *)(long)signal_of(status));
	}
	if (thread == -1)
		fail("waitpid");
	if (limit == 0)
		fprintf(stderr, "killat: %ld calls\n", count);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

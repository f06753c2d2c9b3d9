/*
 * maxrss FILE PROGRAM [ARG]... - run a program and write the most memory that
 * it used, in KiB, to FILE.  Its exit status becomes ours.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct rusage use;
	int status;
	FILE *out;
	pid_t pid;

	if (argc < 3)
		return 64;
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid == -1 || wait4(pid, &status, 0, &use) == -1)
		return 71;
	out = fopen(argv[1], "w");
	if (out == NULL || fprintf(out, "%ld\n", use.ru_maxrss) < 0 ||
	    fclose(out) == EOF)
		return 74;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

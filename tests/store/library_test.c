/* SQLite without memory ends the program, whoever asked. */
#include "store/library.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define MUCH	(256 * 1024 * 1024)

int
main(void)
{
	struct rlimit r = { .rlim_cur = MUCH / 2, .rlim_max = MUCH / 2 };
	int status;
	pid_t pid;

#ifdef __SANITIZE_ADDRESS__
	printf("# skip a sanitizer needs the room\n");
	return 0;
#endif
	library_start();
	library_start();
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		sqlite3_free(sqlite3_malloc(16));
		assert(setrlimit(RLIMIT_AS, &r) == 0);
		_exit(sqlite3_malloc(MUCH) == NULL ? 1 : 0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL);
	return 0;
}

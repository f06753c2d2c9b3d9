#ifndef TESTS_REMOVE_TREE_H
#define TESTS_REMOVE_TREE_H

#include <assert.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory with all that is in it. */
static inline void
remove_tree(const char *path)
{
	const char *const argv[] = { "rm", "-rf", "--", path, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(1);
	}
	assert(waitpid(pid, NULL, 0) == pid);
}

#endif

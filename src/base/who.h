#ifndef OMNI_WHO_H
#define OMNI_WHO_H

/*
 * The person at the terminal, for the journal: SUDO_USER, since the ledger's
 * own user is nobody and who became it by sudo is meant, else USER, else
 * "staff".
 */
const char *who_asks(void);

#endif

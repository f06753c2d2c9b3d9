#ifndef OMNI_EMBED_H
#define OMNI_EMBED_H

/*
 * A file of the checkout as a string, `extern const char name[]`.  The
 * assembler reads it, since C has no way to include text; the NUL that follows
 * makes it a string.  The Makefile must name the file as what the object needs.
 */
#define EMBED(name, path) \
	__asm__(".section .rodata\n" \
	    ".global " #name "\n" \
	    ".type " #name ", @object\n" \
	    #name ":\n" \
	    ".incbin \"" path "\"\n" \
	    ".byte 0\n" \
	    ".size " #name ", . - " #name "\n" \
	    ".previous\n")

#endif

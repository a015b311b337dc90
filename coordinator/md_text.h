/* Text from devices and users, made safe for Markdown (CommonMark with GitHub's tables). */
#ifndef LWS_MD_TEXT_H
#define LWS_MD_TEXT_H

#include <stdio.h>

/*
 * Write s inline, for a table cell or a list item: markup, HTML and table bars are escaped,
 * line ends and tabs become blanks, other control characters, marks that turn the direction of
 * writing and invalid bytes become U+FFFD.
 */
void md_text(FILE *f, const char *s);

/* Write n lines as a code block whose fence is longer than any run of backticks in them. */
void md_code(FILE *f, char *const *lines, int n);

#endif

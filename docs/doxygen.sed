# SPDX-License-Identifier: MIT
# Doxygen's Markdown knows no anchors of headings, and its output lies where
# relative links to sources lead nowhere.
s/\]\(([a-z-]+\.md)#[^)]*\)/](\1)/g
s/\[([^]]+)\]\((\.\.\/|LICENSE)[^)]*\)/`\1`/g
s/\[([^]]+)\]\(#[^)]*\)/\1/g

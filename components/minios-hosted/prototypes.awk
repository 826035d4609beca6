# SPDX-License-Identifier: MIT
# The functions that headers declare: not those they define, and none of ours.
/\/\*/ && !/\*\// { comment = 1; next }
comment { comment = !/\*\//; next }
/^[ \t]*#/ || continued { continued = /\\$/; next }
{
    gsub(/\/\*[^*]*\*\//, "")
    gsub(/__attribute__\(\(.*\)\)/, "")
    for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (c == "{") {
            depth++
        } else if (c == "}") {
            if (--depth == 0 && text ~ /static/)
                text = ""
        } else if (depth == 0 && c == ";") {
            if (text ~ /\(/ && text !~ /typedef|static|minios_/)
                print text ";"
            text = ""
        } else if (depth == 0) {
            text = text c
        }
    }
    text = text " "
}

"""The few lines that make bash, zsh or fish ask a program what may stand at the cursor.

Exit code 10 means that the shell completes names of files. A word that goes on (a module with its dot, `--queue=`) is
never the only answer, so the shells' own space behind a whole word is always right.
"""

from __future__ import annotations

from typing import Final

_BASH: Final = r"""# Completion of PROGRAM for bash (4 or later). Made by: PROGRAM --completion bash
# For all users put it into /usr/share/bash-completion/completions/PROGRAM; for yourself into ~/.bashrc:
#   source <(PROGRAM --completion bash)
FUNCTION() {
    local found code
    COMPREPLY=()
    found=$("$1" --complete bash "$COMP_WORDBREAKS" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
    code=$?
    if [ -n "$found" ]; then
        mapfile -t COMPREPLY <<<"$found"
    elif [ "$code" -eq 10 ]; then
        compopt -o default 2>/dev/null
    fi
}
complete -F FUNCTION PROGRAM
"""
_ZSH: Final = r"""#compdef PROGRAM
# Completion of PROGRAM for zsh. Made by: PROGRAM --completion zsh
# For all users put it into a folder of $fpath as _PROGRAM; for yourself into ~/.zshrc, after compinit:
#   source <(PROGRAM --completion zsh)
FUNCTION() {
    local line code
    local -a lines names shown before
    before=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$("${(Q)words[1]}" --complete zsh "${before[@]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
    code=$?
    for line in "${lines[@]}"; do
        [[ -n $line ]] || continue
        names+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done
    if (( ${#names} )); then
        compadd -d shown -a names
    elif (( code == 10 )); then
        _files
    fi
}
if [[ $funcstack[1] == _PROGRAM ]]; then
    FUNCTION "$@"
else
    compdef FUNCTION PROGRAM
fi
"""
_FISH: Final = r"""# Completion of PROGRAM for fish. Made by: PROGRAM --completion fish
# For all users put it into /usr/share/fish/vendor_completions.d/PROGRAM.fish; for yourself into
# ~/.config/fish/completions/PROGRAM.fish
function FUNCTION
    set -l before (commandline -opc)
    set -l program $before[1]
    set -e before[1]
    set -l found ($program --complete fish $before (commandline -ct | string unescape) 2>/dev/null </dev/null)
    set -l code $status
    if test (count $found) -gt 0
        printf '%s\n' $found
    else if test $code -eq 10
        __fish_complete_path (commandline -ct)
    end
end
complete -c PROGRAM -f -a '(FUNCTION)'
"""
_SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
SHELLS: Final = tuple(_SCRIPTS)


def script(shell: str, program: str) -> str:
    """Return the script that teaches `shell` to complete `program`."""
    name = f"_{program.replace('-', '_')}_complete"
    return _SCRIPTS[shell].replace("FUNCTION", name).replace("PROGRAM", program)

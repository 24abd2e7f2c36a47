/**
 * What a shell is taught. In each of them the words typed go to `dag complete` as arguments, unexpanded, and what comes back is only offered:
 * nothing of a line is evaluated or run, and sourcing a script again only defines the same again.
 *
 * `dag complete` answers one candidate a line, `value TAB description`, and last `:none`, `:files` or `:directories`: what else fits there.
 */
const bash = String.raw`# dag: completion for bash
_dag() {
  local line kind=none
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) kind=\${line#:} ;;
      ?*) COMPREPLY+=("\${line%%$'\t'*}") ;;
    esac
  done <<< "$(dag complete --line="\${COMP_LINE:0:COMP_POINT}" --typed="$2" 2>/dev/null </dev/null)"
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=,@] ]]; then compopt -o nospace 2>/dev/null; fi
  if [[ \${#COMPREPLY[@]} -eq 0 ]]; then
    # Readline's own: it quotes names, and marks directories.
    case $kind in
      files) compopt -o default 2>/dev/null || while IFS= read -r line; do COMPREPLY+=("$line"); done <<< "$(compgen -f -- "$2")" ;;
      directories) compopt -o dirnames 2>/dev/null || while IFS= read -r line; do COMPREPLY+=("$line"); done <<< "$(compgen -d -- "$2")" ;;
    esac
  fi
}
complete -F _dag dag
`;

const zsh = String.raw`#compdef dag
# dag: completion for zsh
_dag() {
  local line kind=none value shown
  local -a whole open wholeshown openshown
  for line in "\${(@f)$(dag complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}"; do
    case $line in
      :*) kind=\${line#:} ;;
      ?*)
        value=\${line%%$'\t'*}
        shown=$value
        [[ $line == *$'\t'?* ]] && shown="$value  -- \${line#*$'\t'}"
        if [[ $value == *[=,@] ]]; then open+=("$value") openshown+=("$shown"); else whole+=("$value") wholeshown+=("$shown"); fi
        ;;
    esac
  done
  (( $#whole )) && compadd -l -d wholeshown -a -- whole
  (( $#open )) && compadd -l -S "" -d openshown -a -- open
  (( $#whole + $#open )) && return 0
  case $kind in
    files) _files ;;
    directories) _files -/ ;;
    *) return 1 ;;
  esac
}
if [[ $funcstack[1] == _dag ]]; then
  _dag "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _dag dag
fi
`;

const fish = String.raw`# dag: completion for fish
function __dag
    set -l words (commandline -opc)
    set -e words[1]
    set -l token (commandline -ct)
    # A quote that is still open cannot be unescaped.
    set -l current (string unescape -- $token; or string trim --left --chars='"\'' -- $token)
    set -l kind none
    set -l found
    for line in (dag complete -- $words "$current" 2>/dev/null </dev/null)
        switch $line
            case ':*'
                set kind (string sub --start=2 -- $line)
            case '?*'
                set -a found $line
        end
    end
    if set -q found[1]
        printf '%s\n' $found
    else if test $kind = files
        __fish_complete_path "$current"
    else if test $kind = directories
        __fish_complete_directories "$current" ''
    end
end
complete -c dag -e
complete -c dag -f -a '(__dag)'
`;

/** The script of each shell. */
export const scripts: Record<string, string> = Object.fromEntries(Object.entries({ bash, zsh, fish }).map(([shell, text]) => [shell, text.replaceAll("\\$", "$")]));

"""Program text in JavaScript, Perl, Ruby, PHP, awk, Lua, PowerShell and AppleScript, by the calls that matter.

No parser: a scan that keeps string literals and drops comments, then a table of call shapes by language. Calls on a literal
give their effect on that target; the same calls on anything else give it as `dynamic`. Code in which nothing of the table and
no construct that could hide a call is found `computes`; any other is `dynamic`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from magistrate.core.records import Effect, EffectKind
from magistrate.evidence.effects.command import Command, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.place import host_scope

LIMIT = 1 << 16
_EFFECTS = 60


class Call(NamedTuple):
    """A call shape: the name it is known by, and what its first argument is."""

    pattern: str
    kind: EffectKind
    what: str = "path"
    """`path`, `shell`, `url`, `process`, `none`, `code`."""
    flags: tuple[str, ...] = ()


_LANGUAGES: Mapping[str, tuple[Call, ...]] = {
    "javascript": (
        Call(r"\b(?:unlink|unlinkSync|rmdir|rmdirSync)", "delete"),
        Call(r"\b(?:rm|rmSync|rimraf|rimrafSync|removeSync|emptyDir|emptyDirSync|deleteAsync|deleteSync|del)", "delete", "path", ("recursive",)),
        Call(r"\bfs(?:\.promises|-extra)?\s*\.\s*remove", "delete", "path", ("recursive",)),
        Call(r"\b(?:writeFile|writeFileSync|createWriteStream|outputFile|outputFileSync|truncate|truncateSync|Bun\s*\.\s*write|writeTextFile|writeTextFileSync)", "overwrite"),
        Call(r"\b(?:appendFile|appendFileSync)", "create", "path", ("append",)),
        Call(r"\b(?:mkdir|mkdirSync|mkdirp|symlink|symlinkSync)", "create"),
        Call(r"\b(?:chmod|chmodSync|chown|chownSync)", "permission"),
        Call(r"\b(?:readFile|readFileSync|createReadStream|readTextFile)", "read"),
        Call(r"\b(?:exec|execSync|spawn|spawnSync|execFile|execFileSync|fork|execa|execaCommand|execaSync|\$)(?=\s*[(`])", "execute", "shell"),
        Call(r"\b(?:fetch|axios(?:\s*\.\s*\w+)?|got(?:\s*\.\s*\w+)?|(?:https?)\s*\.\s*(?:get|request)|request|needle|superagent\s*\.\s*\w+|new\s+WebSocket)", "network-out", "url"),
        Call(r"\b(?:createServer|\.listen)", "network-listen", "none"),
        Call(r"\bprocess\s*\.\s*kill", "process-stop", "process"),
        Call(r"\b(?:eval|Function|vm\s*\.\s*run\w+)", "execute", "code"),
        Call(r"\.\s*(?:dropDatabase|dropCollection|deleteMany|drop|flushall|flushdb)", "database-destroy", "none"),
    ),
    "perl": (
        Call(r"\b(?:unlink|rmdir)", "delete"),
        Call(r"\b(?:rmtree|remove_tree)", "delete", "path", ("recursive",)),
        Call(r"\b(?:system|exec|qx|popen)", "execute", "shell"),
        Call(r"\brename", "overwrite"), Call(r"\btruncate", "overwrite", "path", ("truncate",)), Call(r"\b(?:chmod|chown)", "permission", "last"),
        Call(r"\bkill", "process-stop", "process"), Call(r"\b(?:mkdir|symlink|link)", "create"),
        Call(r"\b(?:LWP::Simple::get|get|getstore|->\s*get|->\s*post|HTTP::Tiny)", "network-out", "url"),
        Call(r"\b(?:eval|do|require)(?=\s*\(?\s*[\"'$])", "execute", "code"), Call(r"\bopen", "overwrite", "perl-open"),
    ),
    "ruby": (
        Call(r"\b(?:File|FileUtils|Dir)\s*\.\s*(?:delete|unlink|rm|rm_f|remove|remove_file|rmdir|safe_unlink)", "delete"),
        Call(r"\b(?:FileUtils|Pathname|Dir)?\s*\.?\s*(?:rm_rf|rm_r|remove_dir|remove_entry\w*|rmtree)", "delete", "path", ("recursive",)),
        Call(r"\b(?:system|exec|spawn|(?:IO|Open3)\s*\.\s*\w+|Kernel\s*\.\s*(?:system|exec|spawn))", "execute", "shell"),
        Call(r"\b(?:File|IO)\s*\.\s*(?:write|binwrite|truncate)", "overwrite"), Call(r"\bFile\s*\.\s*(?:chmod|chown)", "permission", "last"),
        Call(r"\bFile\s*\.\s*open", "overwrite", "open"), Call(r"\b(?:File|IO)\s*\.\s*(?:read|readlines|foreach)", "read"),
        Call(r"\b(?:Net::HTTP\s*\.\s*\w+|URI\s*\.\s*open|open-uri|HTTParty\s*\.\s*\w+|Faraday\s*\.\s*\w+|TCPSocket\s*\.\s*(?:new|open))", "network-out", "url"),
        Call(r"\bProcess\s*\.\s*kill", "process-stop", "process"), Call(r"\b(?:eval|instance_eval|class_eval|send|public_send|load|require)(?=\s*\(?\s*[^\s'\":=])", "execute", "code"),
    ),
    "php": (
        Call(r"\b(?:unlink|rmdir)", "delete"), Call(r"\b(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec)", "execute", "shell"),
        Call(r"\bfile_put_contents", "overwrite"), Call(r"\b(?:rename|copy|ftruncate)", "overwrite"), Call(r"\b(?:chmod|chown)", "permission"),
        Call(r"\b(?:mkdir|touch|symlink)", "create"), Call(r"\b(?:file_get_contents|readfile|file)", "read"), Call(r"\bfopen", "overwrite", "open"),
        Call(r"\b(?:curl_init|fsockopen|stream_socket_client|get_headers)", "network-out", "url"), Call(r"\b(?:eval|assert|create_function|include|require|include_once|require_once|preg_replace_callback|call_user_func)", "execute", "code"),
        Call(r"\bmail", "message", "address"), Call(r"\bposix_kill", "process-stop", "process"),
    ),
    "lua": (
        Call(r"\bos\s*\.\s*remove", "delete"), Call(r"\b(?:os\s*\.\s*execute|io\s*\.\s*popen)", "execute", "shell"), Call(r"\bos\s*\.\s*rename", "overwrite"),
        Call(r"\bio\s*\.\s*open", "overwrite", "open"), Call(r"\b(?:loadstring|load|dofile|loadfile)", "execute", "code"),
    ),
    "awk": (Call(r"\bsystem", "execute", "shell"),),
    "r": (
        Call(r"\b(?:unlink|file\.remove)", "delete"), Call(r"\b(?:system2?|shell|pipe)", "execute", "shell"), Call(r"\b(?:writeLines|write\.csv|write\.table|saveRDS|save|sink)", "overwrite", "last"),
        Call(r"\b(?:download\.file|url|GET|POST|httr::\w+)", "network-out", "url"), Call(r"\b(?:eval|parse|source)", "execute", "code"),
    ),
    "applescript": (Call(r"\bdo\s+shell\s+script", "execute", "shell"), Call(r"\b(?:delete|move\s+.{1,80}\s+to\s+trash)", "delete"), Call(r"\bopen\s+location", "network-out", "url")),
    "powershell": (
        Call(r"(?<![\w-])(?:Remove-Item|Remove-ItemProperty|Clear-RecycleBin|ri|rm|rmdir|rd|del|erase)(?![\w-])", "delete"),
        Call(r"(?<![\w-])(?:Set-Content|Out-File|Clear-Content|Move-Item|Copy-Item|Rename-Item)(?![\w-])", "overwrite"), Call(r"(?<![\w-])(?:Add-Content|New-Item|Set-ItemProperty|New-ItemProperty)(?![\w-])", "create"),
        Call(r"(?<![\w-])(?:Invoke-WebRequest|Invoke-RestMethod|iwr|irm|curl|wget|Start-BitsTransfer|DownloadString|DownloadFile|Net\.WebClient)(?![\w-])", "network-out", "url"),
        Call(r"(?<![\w-])(?:Invoke-Expression|iex|Invoke-Command|Start-Process|Invoke-WmiMethod|Add-Type|EncodedCommand)(?![\w-])", "execute", "code"),
        Call(r"(?<![\w-])(?:Stop-Process|kill|Stop-Service|Stop-Computer|Restart-Computer|taskkill)(?![\w-])", "process-stop", "process"),
        Call(r"(?<![\w-])(?:Set-ExecutionPolicy|Set-Acl|icacls|takeown|Add-LocalGroupMember|New-LocalUser|Set-MpPreference|netsh)(?![\w-])", "permission"),
        Call(r"(?<![\w-])(?:Format-Volume|Clear-Disk|Initialize-Disk|Remove-Partition)(?![\w-])", "overwrite", "device", ("format",)), Call(r"(?<![\w-])(?:Clear-EventLog|wevtutil)(?![\w-])", "delete", "none", ("clears-logs",)),
        Call(r"(?<![\w-])(?:Register-ScheduledTask|schtasks|New-Service|sc\.exe)(?![\w-])", "persistence", "none"),
    ),
    "batch": (
        Call(r"(?<![\w-])(?:del|erase|rd|rmdir)(?![\w-])", "delete"), Call(r"(?<![\w-])format(?![\w-])", "overwrite", "device", ("format",)), Call(r"(?<![\w-])(?:copy|move|xcopy|robocopy|ren)(?![\w-])", "overwrite"),
        Call(r"(?<![\w-])taskkill(?![\w-])", "process-stop", "process"), Call(r"(?<![\w-])(?:powershell|cmd|start|call|wscript|mshta|rundll32|certutil|bitsadmin)(?![\w-])", "execute", "code"),
        Call(r"(?<![\w-])(?:reg|schtasks|sc)(?![\w-])", "persistence", "none"), Call(r"(?<![\w-])(?:net|icacls|takeown|netsh)(?![\w-])", "permission"), Call(r"(?<![\w-])(?:vssadmin|wbadmin|bcdedit|diskpart)(?![\w-])", "delete", "none"),
    ),
}  # fmt: skip
_ALIASES = {"typescript": "javascript", "js": "javascript", "ts": "javascript", "node": "javascript", "nodejs": "javascript", "deno": "javascript", "pl": "perl", "rb": "ruby", "pwsh": "powershell", "ps1": "powershell",
            "gawk": "awk", "osascript": "applescript", "cmd": "batch", "bat": "batch", "rscript": "r"}  # fmt: skip
_HIDES: Mapping[str, str] = {
    "javascript": r"\b(?:require|import)\s*\(\s*[^'\"\s]|child_process|process\s*\.\s*binding|\[\s*['\"`]\w*['\"`]\s*\+|constructor\s*\.\s*constructor|atob|fromCharCode|Buffer\s*\.\s*from|\bglobalThis\s*\[|worker_threads",
    "perl": r"`|\bqx\b|&\$|&\{|->\s*\$|\bpack\b|unpack|\beval\b|decode_base64|\bsyscall\b|s/.*?/.*?/\w*e\b|\bdo\s*\{|<\s*[|]|\|\s*[\"']",
    "ruby": r"`|%x|\.send\b|public_send|__send__|\beval\b|Base64|unpack|const_get|\bmethod\s*\(|Fiddle",
    "php": r"`|['\"](?:unlink|rmdir|system|exec|shell_exec|passthru|popen|assert|eval)['\"]|\$\w+\s*\(|\$\{|base64_decode|str_rot13|gzinflate|gzuncompress|pack\s*\(|create_function|\$\$\w",
    "lua": r"string\.char|load|_G\s*\[|ffi|require", "awk": r"\|\s*(?:getline|\"|&)|\"\s*\|\s*getline|>\s*\"|>>\s*\"|close\s*\(|@load|-i\s|/inet/",
    "r": r"do\.call|match\.fun|get\s*\(|eval|\.Call|reticulate", "applescript": r"run script|do script|keystroke", "powershell": r"&\s*[\$(\"']|\[(?:Convert|Text|Reflection|System)\b|FromBase64|-join|\$\w+\s*\.\s*Invoke|\.Invoke\(|-f\s|`|\|\s*%",
    "batch": r"%[^%\s]+%|\^|!\w+!",
}  # fmt: skip
_COMPILED: dict[str, tuple[tuple[Call, re.Pattern[str]], ...]] = {}

_STRING = re.compile(
    r"""\s*\(?\s*\[?\s*(?:f|r)?(?:"(?P<a>(?:[^"\\]|\\.){0,2000})"|'(?P<b>(?:[^'\\]|\\.){0,2000})'|`(?P<c>(?:[^`\\]|\\.){0,2000})`|(?:qw|qq|q)\s*[\[({/|](?P<d>[^\])}/|]{0,2000})[\])}/|])""",
    re.S,
)
_REST = re.compile(r"""\s*,\s*\[?\s*(?:"((?:[^"\\]|\\.){0,500})"|'((?:[^'\\]|\\.){0,500})')""")
_COMMENTS: Mapping[str, re.Pattern[str]] = {
    "javascript": re.compile(r"(?<![:\"'])//[^\n]*|/\*.*?\*/", re.S),
    "php": re.compile(r"(?<![:\"'])//[^\n]*|/\*.*?\*/|(?m:^\s*#[^\n]*)", re.S),
}
_HASH = re.compile(r"(?m)(?:^|(?<=[\s;]))#(?![{!])[^\n'\"]*$")
_DASHES = re.compile(r"--[^\n'\"]*$", re.M)


def lexical_effects(language: str, text: str, scene: Scene, command: Command) -> list[Effect] | None:
    """Effects of program text by its calls; None for a language that is not in the table. Bounded, never raises."""
    name = _ALIASES.get(language, language)
    calls = _calls(name)
    if calls is None:
        return None
    code = _without_comments(name, text[:LIMIT])
    found: list[Effect] = []
    if len(text) > LIMIT:
        found.append(effect("execute", name, "code", command, dynamic=True, flags=("cut",)))
    for call, pattern in calls:
        for match in pattern.finditer(code):
            if _inside_string(code, match.start()) and name not in ("batch", "powershell"):
                continue
            found.extend(_effects(call, code, match, name, scene, command))
            if len(found) > _EFFECTS:
                break
    if name == "awk":
        found.extend(_awk(code, scene, command))
    for run in _backticks(name, code):
        found.extend(scene.shell(run, via=(*command.via, "`"), path=command.path))
    hides = re.search(_HIDES.get(name, r"(?!)"), code) or not _is_plain(name, code)
    known = any(item.kind not in ("read", "network-out") for item in found)
    if hides and not known:
        found.append(effect("execute", code[:80], "code", command, dynamic=True, flags=("inline-code",)))
    elif not found:
        found.append(
            effect("execute", name, "code", command, scope="local", reversible="yes", flags=("inline-code", "computes"))
        )
    return found


_PURE = word_set(
    "if for while switch catch function return foreach elsif elseif unless until sub and or not typeof await async new else do in of case "
    "log error warn info debug dir table stringify parse map filter reduce forEach join split slice splice push pop shift unshift concat "
    "indexOf includes find findIndex some every sort reverse keys values entries assign freeze fromEntries replace replaceAll match matchAll "
    "test trim trimStart trimEnd toUpperCase toLowerCase toString toFixed padStart padEnd repeat charAt charCodeAt codePointAt startsWith endsWith "
    "substring substr parseInt parseFloat Number String Boolean Array Object Date Map Set Math max min floor ceil round abs sqrt pow random "
    "isNaN isArray isInteger now getTime toISOString toLocaleString then finally resolve all has get set add size length flat flatMap fill from "
    "Error TypeError Promise RegExp Symbol BigInt URL URLSearchParams TextEncoder TextDecoder encodeURIComponent decodeURIComponent setTimeout "
    "clearTimeout cwd basename dirname extname join normalize isAbsolute inspect platform arch cpus totalmem hostname createHash update digest "
    "existsSync statSync lstatSync readdirSync readFileSync readFile require exit "
    "print printf say puts p pp echo sprintf lc uc ucfirst lcfirst chomp chop chr ord length substr index rindex scalar defined ref die warn my our "
    "local qw sum uniq first each delete exists wantarray localtime gmtime time sleep to_s to_i to_f to_a to_sym gsub sub tr upcase downcase "
    "capitalize strip chars lines bytes each_with_index inject select reject zip flatten compact count size empty nil format inspect "
    "var_dump print_r json_encode json_decode count strlen strtoupper strtolower implode explode array array_merge array_keys array_values in_array "
    "isset empty str_replace preg_match preg_replace number_format date strtotime phpversion array_sum range is_array is_string intval md5 sha1 "
    "toupper tolower int gsub getline close exp sin cos rand srand strftime c cat paste paste0 mean median sd summary head tail nrow ncol "
    "data frame seq rep library read csv str names class is na numeric character factor lapply sapply apply vapply plot hist tostring tonumber pairs "
    "ipairs type insert concat unpack gmatch gfind rep byte char"
)
"""Names of calls and keywords that do nothing outside the program."""
_CALLED = re.compile(r"([A-Za-z_$][\w$]*)[!?]?\s*\(")
_DEFINED = re.compile(r"\b(?:function|def|sub|const|let|var)\s+([A-Za-z_$][\w$]*)")
_MODULE = re.compile(r"\b(?:require|from|import)\s*\(?\s*['\"]([^'\"]+)['\"]")
_PURE_MODULES = word_set(
    "path util os assert crypto url fs node:path node:util node:os node:fs fs/promises perf_hooks events stream buffer json set time date"
)
_CMDLET = re.compile(r"(?<![\w-])([A-Z][a-z]+)-[A-Z]\w+")
_PURE_VERBS = word_set(
    "Get Write Select Where Foreach ForEach Sort Measure Test Convert ConvertTo ConvertFrom Format Compare Group Join Split Resolve Show Read Out"
)


def _is_plain(name: str, code: str) -> bool:
    """Whether every call in the code, strings left out, is one that only computes, prints or reads what the table names."""
    bare = re.sub(r"\"(?:[^\"\\]|\\.){0,4000}\"|'(?:[^'\\]|\\.){0,4000}'", "''", code)
    if name in ("batch", "applescript"):
        return False
    if name == "powershell":
        return all(verb in _PURE_VERBS for verb in _CMDLET.findall(bare))
    known = _PURE | set(_DEFINED.findall(bare))
    modules = all(module in _PURE_MODULES or module.endswith(".json") for module in _MODULE.findall(code))
    return modules and all(called in known for called in _CALLED.findall(bare))


def _calls(name: str) -> tuple[tuple[Call, re.Pattern[str]], ...] | None:
    table = _LANGUAGES.get(name)
    if table is None:
        return None
    if name not in _COMPILED:
        flags = re.I if name in ("powershell", "batch", "applescript", "php") else 0
        loose = name in ("perl", "ruby", "applescript", "powershell", "batch")
        ending = r"(?=[\s(\"'$/\\.;|)`]|$)" if loose else r"\s*(?=[(`])"
        _COMPILED[name] = tuple((call, re.compile(call.pattern + ending, flags)) for call in table)
    return _COMPILED[name]


def _without_comments(name: str, text: str) -> str:
    if name in _COMMENTS:
        return _COMMENTS[name].sub(" ", text)
    return _DASHES.sub("", text) if name in ("lua", "applescript") else _HASH.sub("", text)


def _inside_string(code: str, at: int) -> bool:
    """Whether a place lies inside a quoted string of its line."""
    start = code.rfind("\n", 0, at) + 1
    quote = ""
    skip = False
    for char in code[max(start, at - 2000) : at]:
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
    return bool(quote)


def _argument(code: str, at: int, name: str) -> tuple[str, bool]:
    """The first argument: its text, and whether it is a whole literal."""
    if name in ("powershell", "batch"):
        match = re.compile(r"[ \t]*((?:[^;|\n&]|&(?!&)){0,300})").match(code, at)
        return (match[1].strip() if match else ""), True
    match = _STRING.match(code, at)
    if not match:
        plain = re.compile(r"\s*\(?\s*([^;,)\n]{0,120})").match(code, at)
        return (plain[1].strip() if plain else ""), False
    text = next((group for group in match.groups() if group is not None), "")
    after = code[match.end() : match.end() + 3].lstrip()
    interpolated = (
        bool(re.search(r"\$\{|#\{|\$\w|@\w", text)) and match["b"] is None
        if name in ("javascript", "ruby", "perl", "php")
        else False
    )
    return text, (not interpolated and not after.startswith(("+", ".", "%"))) or (
        name != "php" and name != "perl" and after.startswith(".") and not interpolated
    )


def _effects(
    call: Call, code: str, match: re.Match[str], name: str, scene: Scene, command: Command
) -> Iterator[Effect]:
    text, known = _argument(code, match.end(), name)
    text = re.sub(r"\\(.)", r"\1", text)
    word = Word(text=text[:400], dynamic=not known, glob="*" in text)
    if call.what == "shell":
        more = " ".join(
            group for pair in _REST.findall(code[match.end() : match.end() + 2000]) for group in pair if group
        )
        line = f"{text} {more}".strip() if name in ("javascript", "perl", "ruby") else text
        if not known:
            yield effect("execute", line[:200], "code", command, dynamic=True)
        if known or " " in line:
            yield from scene.shell(line, via=(*command.via, match[0].strip(" (")), path=command.path)
    elif call.what == "code":
        if name == "javascript" and known and text:
            yield from scene.code(name, text, via=(*command.via, "eval"), path=command.path)
        elif not (name in ("ruby", "perl", "php") and known and re.fullmatch(r"[\w:/.-]+", text)):
            yield effect("execute", text[:200], "code", command, dynamic=True)
    elif call.what == "url":
        url = re.search(r"https?://[^\s'\"`)]+", text)
        host = re.match(r"(?:\w+://)?(?:[^/@]*@)?([\w.-]+)", url[0] if url else text)
        yield effect(
            "network-out",
            url[0] if url else text[:200],
            "url",
            command,
            scope=host_scope(host[1] if host else ""),
            dynamic=not known,
        )
    elif call.what == "process":
        yield effect("process-stop", text[:200], "process", command, scope="local", dynamic=not known, reversible="no")
    elif call.what in ("none", "address", "device"):
        yield effect(
            call.kind,
            text[:200] if call.what != "none" else "",
            "address" if call.what == "address" else "unknown",
            command,
            flags=call.flags,
            reversible="no",
        )
    elif call.what in ("open", "perl-open"):
        yield from _open(code[match.end() : match.end() + 300], word, name, scene, command)
    elif call.what == "last":
        last = _REST.findall(code[match.end() : match.end() + 500])
        target = Word(text=next((group for group in last[-1] if group), "")) if last else word
        yield path_effect(call.kind, target, command, scene, flags=call.flags)
    elif name in ("powershell", "batch"):
        yield from _windows(call, text, scene, command)
    elif call.kind == "overwrite" and not call.flags:
        yield write_effect(word, command, scene)
    else:
        reversible = "no" if call.kind == "delete" else "unknown"
        yield path_effect(call.kind, word, command, scene, flags=call.flags, reversible=reversible)  # type: ignore[arg-type]


def _open(tail: str, word: Word, name: str, scene: Scene, command: Command) -> Iterator[Effect]:
    strings = [a or b for a, b in re.findall(r"\"([^\"\n]{0,200})\"|'([^'\n]{0,200})'", tail.split(";")[0])]
    if name == "perl":
        mode = strings[0] if strings else ""
        if "|" in mode:
            yield from scene.shell(
                mode.strip("|- ") or " ".join(strings[1:]), via=(*command.via, "open"), path=command.path
            )
        elif mode.startswith((">", "+>")):
            target = mode.lstrip("+> ") or (strings[1] if len(strings) > 1 else "")
            yield write_effect(
                Word(text=target, dynamic=not target),
                command,
                scene,
                flags=("append",) if mode.startswith(">>") else (),
            )
        return
    mode = strings[1] if len(strings) > 1 else "r"
    if mode[:1] in "wax":
        yield write_effect(word, command, scene, flags=("append",) if mode.startswith("a") else ())
    else:
        yield path_effect("read", word, command, scene, reversible="yes")


def _windows(call: Call, text: str, scene: Scene, command: Command) -> Iterator[Effect]:
    words = [match[0].strip("\"'") for match in re.finditer(r"\"[^\"]*\"|'[^']*'|\S+", text)]
    targets = [word for word in words if not re.match(r"-\w|/[A-Za-z]$|/[A-Za-z]:", word)]
    flags = (
        call.flags
        + (("recursive",) if re.search(r"-Recurse|(?:^|\s)/s\b", text, re.I) else ())
        + (("force",) if re.search(r"-Force|(?:^|\s)/[qf]\b", text, re.I) else ())
    )
    for target in targets[:4] or [""]:
        dynamic = not target or target.startswith(("$", "(", "%"))
        word = Word(
            text=target, dynamic=dynamic and not target.lower().startswith(("$env:", "$home")), glob="*" in target
        )
        yield path_effect(
            call.kind, word, command, scene, flags=flags, reversible="no" if call.kind == "delete" else "unknown"
        )


_STRING_OR_REGEX = re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<![\w)\]])/(?:[^/\\\n]|\\.)+/")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def _awk(code: str, scene: Scene, command: Command) -> Iterator[Effect]:
    for match in re.finditer(
        r"(?:\|\s*&?\s*|\|\s*getline\s*)\"([^\"]{1,400})\"|\"([^\"]{1,400})\"\s*\|&?\s*getline", code
    ):
        yield from scene.shell(match[1] or match[2], via=(*command.via, "|"), path=command.path)
    for match in re.finditer(r"print[^;}\n|]*>(>?)\s*\"([^\"]{1,400})\"", code):
        yield write_effect(Word(text=match[2]), command, scene, flags=("append",) if match[1] else ())
    bare = _STRING_OR_REGEX.sub('""', code)
    for _ in range(8):  # a `>` within brackets compares; deeper than anybody writes stays a doubt
        bare = _BRACKETS.sub("_", bare)
    if re.search(r"print[^;}\n|]*>>?\s*[$_\w]", bare) and not re.search(r"\bif\s*\(", code):
        yield effect("overwrite", "$OUTPUT", "path", command, dynamic=True)


def _backticks(name: str, code: str) -> Iterator[str]:
    if name in ("perl", "ruby", "php"):
        for match in re.finditer(r"`([^`]{1,1000})`|\b(?:qx|%x)\s*[{(\[/|]([^})\]/|]{1,1000})[})\]/|]", code):
            yield match[1] or match[2]

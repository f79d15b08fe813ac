"""English words that say nothing about a topic, in two groups."""

from __future__ import annotations

FUNCTION = frozenset(
    """a about above after again against ago all almost alone along already also although always am among an and
    another any anybody anyone anything anyway are aren't around as at away back be became because become been
    before behind being below between both but by can can't cannot could couldn't did didn't do does doesn't
    doing don't done down during each either else enough even ever every everybody everyone everything except
    far few first for from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's
    hers herself him himself his how how's however i i'd i'll i'm i've if in indeed instead into is isn't it
    it'd it'll it's its itself just last least less let let's like lot lots made make makes many may maybe me
    might mine more most much must mustn't my myself near need needs neither never next no nobody none nor not
    nothing now of off often on once one ones only or other others otherwise our ours ourselves out over own per
    perhaps please quite rather really same see seem seems several shall shan't she she'd she'll she's should
    shouldn't since so some somebody someone something sometimes somewhere soon still such than that that's the
    their theirs them themselves then there there's therefore these they they'd they'll they're they've thing
    things this those though through thus till to together too toward towards under unless until up upon us use
    used using usually very via want wants was wasn't way we we'd we'll we're we've well were weren't what
    what's whatever when when's where where's whether which while who who's whoever whom whose why why's will
    with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself
    yourselves im ive dont cant wont didnt doesnt isnt wasnt thats whats theres youre id ill wouldnt couldnt
    shouldnt hasnt havent arent werent lets hes shes theyre monday tuesday wednesday thursday friday saturday
    sunday today tomorrow yesterday""".split()
)

CHATTER = frozenset(
    """ah aha alright anyhow aye bye cheers cool cya damn dude erm fine folks fun glad good gonna gotta great guess
    guy guys haha hah hehe hello help hey heya hi hmm hm hmmm hope huh idea kinda know lmao lol look looks mate
    mean meh mm mmm morning np nah name nice nope oh ok okay omg oops ops ooh pls plz pretty probably question
    questions read right rofl say says said second seconds shit sorry sort stuff suppose sure tell thank thanks
    think thought thx ty time times try tried trying u uh uhm um ur welcome wanna wait work works working worked
    wow wrong wtf ya yea yeah yep yo yup bit better best bad big new old little long give gives given get gets
    getting got go goes going gone come comes came take takes took put keep keeps day days week weeks hour hours
    minute minutes year years people person everyone somebody problem problems issue issues run running runs
    start started set able able actually ask asked asking answer answered find found happen happens happened
    feel heard hear leave left let mind part place point possible real reason show shows side small talk talking
    true understand wonder wondering write wrote yours different easy hard exactly whole nvm btw imo imho fyi
    afaik iirc brb ive id btw etc eg ie tho thru cuz cos install installs installed installing installation sudo
    command commands file files todo agreed agree propose proposed suggest ll ve re okey yesterday's today's
    book books two three four five wish hows wheres anymore basically simply called call seen add added change
    changed instead ready check checked room channel message messages http https www com org net fuck fucking
    crap hell""".split()
)

STOP = FUNCTION | CHATTER

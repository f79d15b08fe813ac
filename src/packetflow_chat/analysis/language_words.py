"""The commonest words of languages written in Latin letters, without accents' help where people leave them out."""

# ruff: noqa: RUF001 - Turkish has a dotless i
from __future__ import annotations

COMMON = {
    "en": """the and you that it is was for are with his they this have from or had by but not what all were we
    when your can said there use an each which she do how their if will up other about out many then
    them these so some her would make like him into time has look two more go see no way could my than
    been who its now did get i i'm i'll don't it's isn't doesn't can't we're thanks thank please hello
    hi yes of to in on at be me why where he as a just anyone someone need want know think good here
    should does really today tomorrow yesterday morning""",
    "de": """der die und das ist nicht ich du sie es ein eine einen einem einer mit auf für fur von zu den dem
    des im wir ihr sind war hat habe haben wird werden kann können konnen auch aber oder wenn wie was
    wer wo warum noch nur schon mal dann bei nach aus über uber doch ja nein danke bitte hallo guten
    morgen heute gestern mir mich dir dich uns kein keine sehr gut jetzt hier da man so als bin bist
    geht gibt muss soll will mein dein morgen machen wieder""",
    "fr": """le la les un une des du de et est en que qui dans pour pas sur au aux avec ce cette ces il elle on
    nous vous ils je tu ne mais ou où donc car si plus par son sa ses mon ma mes ton ta tes leur être
    etre avoir fait faire suis es sont ai as a ont été ete était etait bien merci bonjour salut oui non
    quoi comment pourquoi quand très tres aussi comme tout tous c'est j'ai n'est d'un d'une qu'il ça ca
    va peux peut sais alors demain hier aujourd'hui s'il plaît plait""",
    "es": """el la los las un una unos unas de del y en que es no se lo por con para su al como más mas pero sus
    le ya o este sí si porque esta entre cuando muy sin sobre también tambien me hasta hay donde quien
    desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí mi antes algunos
    qué que unos yo otro tú tu está esta están estan soy eres estoy tengo tiene hola gracias buenos días
    dias buenas mañana ayer hoy cómo puedo puedes quiero vamos hacer bien""",
    "it": """il lo la i gli le un uno una di a da in con su per tra fra e è che non si sono ho ha hanno hai mi ti
    ci vi ne come ma se anche più piu questo questa questi quello quella nel nella del della dei delle
    al alla dal dalla sul sulla perché perche quando dove chi cosa molto bene grazie ciao buongiorno sì
    oggi domani ieri io tu lui lei noi voi loro essere fare fatto posso puoi può puo c'è mio tuo suo
    tutto tutti ancora già gia solo prego scusa""",
    "pt": """o a os as um uma uns umas de do da dos das e em no na nos nas que é não nao se por com para como
    mais mas foi ao ele ela eles elas eu você voce vocês nós seu sua meu minha isso isto este esta esse
    essa está esta estou são sao tem tenho ser ter quando onde quem porque também tambem já ja muito bem
    obrigado obrigada olá ola bom dia boa tarde noite hoje ontem amanhã amanha sim fazer pode posso vou
    vai aqui então entao só até ate pelo pela""",
    "nl": """de het een en van ik te dat die in is niet je zijn op aan met als voor er maar om ook nog bij wat ze
    uit naar dan of wel geen hij zij wij we jullie mijn jouw heeft heb hebben had was waren wordt worden
    kan kunnen moet zal zou deze dit daar hier waar wie hoe waarom wanneer goed dank bedankt hallo ja
    nee alsjeblieft vandaag gisteren morgen goedemorgen mij jou ons over al veel meer doen gaat gaan
    even""",
    "sv": """och att det i en jag som är inte har på för med av till den så om vi du de ett men var han hon kan
    ska vad nu här när från eller mig dig sig oss dem min din sin hur vem varför också bara mycket bra
    tack hej ja nej idag igår imorgon god måste vill skulle finns någon något inget alla blir där upp ut
    man vara gör göra""",
    "da": """og i at det er en til på af den jeg ikke med for du de der har som et vi han hun kan skal hvad nu
    her når fra eller mig dig sig os dem min din hvor hvordan hvem hvorfor også bare meget godt tak hej
    ja nej idag igår morgen men var være bliver noget nogen ville skulle""",
    "no": """og i det er en til på av den jeg ikke med for du de som har et vi han hun kan skal hva nå her når
    fra eller meg deg seg oss dem min din hvor hvordan hvem hvorfor også bare mye bra takk hei ja nei
    idag igår morgen men var være blir noe noen ville skulle hvis""",
    "fi": """ja on ei se että en hän oli mutta niin kun myös kuin jos minä sinä me te he tämä mitä miten missä
    milloin miksi kuka voi ole olen olet ovat ollut nyt vain vielä kiitos hei moi kyllä hyvä huomenta
    tänään eilen huomenna joo sitten tässä siellä täällä sitä minun sinun ihan todella pitää""",
    "pl": """i w na nie się z do to że jest jak o co po ale tak za od czy dla już ja ty my wy on ona oni mnie mi
    ci jego jej ich był była było są być może można tylko też jeszcze bardzo dobrze dziękuję dzięki
    cześć dzień dobry proszę kto gdzie kiedy dlaczego ten ta te tego tym który która mam masz ma dzisiaj
    jutro wczoraj wszystko tutaj teraz""",
    "cs": """a v na se je že to s z do i o ne jak ale tak za po by jsem jsi jsou být bylo byl byla co kdo kde kdy
    proč já ty my vy on ona oni mě mi ho jeho její už jen také ještě velmi dobře děkuji díky ahoj dobrý
    den prosím ten ta který která mám máš má dnes zítra včera všechno tady teď můžu můžeš není nebo když
    pro""",
    "tr": """ve bir bu da de için ile ne çok ama var yok ben sen o biz siz onlar mi mı mu mü değil gibi daha en
    kadar sonra şey nasıl neden nerede kim evet hayır teşekkürler teşekkür merhaba selam günaydın iyi
    bugün dün yarın olarak olan oldu olur şimdi burada benim senin her hiç lütfen tamam""",
    "hu": """a az és hogy nem is egy ez van meg de csak már még mint ha én te ő mi ti ők volt lesz vagy kell
    lehet nagyon jó köszönöm szia helló igen ma tegnap holnap hogyan miért hol ki mit itt ott most
    minden azt ezt el fel be ki vagyok akkor kérem""",
    "ro": """și si în in de la cu nu este e sunt că ca un o pe din pentru mai dar sau dacă daca ce cine unde când
    cand cum eu tu el ea noi voi ei mă ma te se îmi imi îți iti său sa am ai are avem aveți au fost bine
    mulțumesc multumesc salut bună buna ziua da azi ieri mâine maine foarte acum aici tot doar vreau pot
    poate""",
    "id": """yang dan di itu ini dengan untuk tidak dari dalam akan pada juga saya anda kamu dia kami kita mereka
    ke adalah ada bisa sudah belum apa siapa mana kapan kenapa bagaimana karena atau jika tapi lagi saja
    banyak terima kasih halo selamat pagi ya bukan hari besok kemarin sekarang sini mau harus""",
}  # fmt: skip

/* SPDX-License-Identifier: MIT */
/*
 * Countries come from ICU.  The others are those of the root zone that sites use, and the ones in
 * other scripts, with the test domains of the first years.
 */
#include "letters/top_level.h"

#include <string.h>
#include <unicode/uloc.h>

/* clang-format off */
/*
 * Each label has a space on both sides.  Those that are surnames or forms of companies are left out:
 * "Anna.Green" is a name, and "anna.green" is a link without this list.
 */
static const char known[] =
    " ac academy accountants adult africa agency amsterdam apartments app asia attorney "
    " audio auto baby band bank bargains bayern beauty bible bid bio biz blog build "
    " builders buzz cafe cam capital care cars casino cat center cfd charity chat cheap "
    " cleaning click clinic clothing cloud club coffee college com community company "
    " construction consulting contractors cool coupons courses credit cruises cyou date "
    " dating deals delivery dental design dev diet digital discount doctor download earth "
    " eco edu education email energy engineering equipment estate eu events exchange "
    " expert express fail faith family fashion film finance financial fit fitness flights "
    " flowers foundation free fun fund gallery game games gifts global gov group guru "
    " health help holdings holiday homes host hosting hotel hotels icu industries info "
    " institute insurance int international investments istanbul jewelry jobs kids kitchen "
    " koeln lawyer legal life link links live loan loans lol lotto mail makeup market "
    " markets media men mil mobi money monster moscow mov movie music name net network "
    " news ninja nyc online org organic partners parts party pharmacy photo photos "
    " pictures pizza play poker porn pro promo properties property quebec quest racing "
    " radio realty recipes red rent rentals repair rest restaurant review reviews rocks "
    " sale sbs school science scot service services sex sexy shoes shop singles site skin "
    " social software solar solutions space store stream studio study style su sucks "
    " supplies supply support systems tax taxi team tech tel tickets today tokyo tools top "
    " tours trade trading training travel tube uk university vacations ventures video "
    " villas vip wales watch webcam website wien wiki win work works world wtf xxx xyz zip "
    " δοκιμή ελ ευ бг бел дети ею испытание католик ком мкд мон москва онлайн орг рус рф "
    " сайт срб укр қаз հայ טעסט ישראל קום آزمایشی إختبار ابوظبي اتصالات ارامكو الاردن "
    " الجزائر السعودية العليان المغرب امارات ایران بارت بازار بيتك بھارت تونس سودان سورية "
    " شبكة عراق عرب عمان فلسطين قطر كاثوليك كوم مصر مليسيا موريتانيا موقع همراه پاکستان "
    " कॉम नेट परीक्षा भारत भारतम् भारोत संगठन বাংলা ভারত ভাৰত ਭਾਰਤ ભારત ଭାରତ இந்தியா "
    " இலங்கை சிங்கப்பூர் பரிட்சை భారత్ ಭಾರತ ഭാരതം ලංකා คอม ไทย ລາວ გე みんな アマゾン クラウド グーグル "
    " コム ストア セール テスト ファッション ポイント 世界 中国 中國 中文网 书籍 企业 佛山 信息 健康 八卦 公司 公益 台湾 台灣 商城 商店 商标 嘉里 在线 "
    " 大拿 天主教 娱乐 家電 广东 慈善 我爱你 手机 招聘 政务 政府 新加坡 新闻 时尚 机构 测试 測試 游戏 澳門 点看 珠宝 移动 網絡 组织机构 网址 网店 "
    " 网站 网络 联通 购物 通販 集团 食品 餐厅 香港 닷넷 닷컴 삼성 테스트 한국 ";
/* clang-format on */

/* ISO 3166's codes are domains, but for the United Kingdom, which has "uk" and is in the list. */
static bool is_country(fct_slice label)
{
    const char *const *codes = uloc_getISOCountries();

    if (label.len != 2)
        return false;
    while (*codes && !fct_slice_equal_nocase(label, fct_slice_of(*codes)))
        codes++;
    return *codes != NULL;
}

bool fct_top_level_is(fct_slice label)
{
    const char *at = known, *end = known + sizeof known - 1;

    if (is_country(label))
        return true;
    while (label.len && (at = memmem(at, (size_t)(end - at), label.ptr, label.len))) {
        if (at[-1] == ' ' && at[label.len] == ' ')
            return true;
        at++;
    }
    return false;
}

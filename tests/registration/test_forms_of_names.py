"""Names as people of Libya, the Sahel, the Horn and Bengal bear them are found and are one."""

from datetime import date
from itertools import combinations, product

import pytest

from services.registration.matching import blocking
from services.registration.matching.closeness import CLOSENESS, KINDS, UNLIKE
from services.registration.matching.description import Description
from services.registration.matching.evidence import likeness
from services.registration.matching.lookalikes import are_two_names
from services.registration.matching.sounding import sounds
from services.registration.matching.spelling import folded, words
from services.registration.matching.variants import FILE, usual

FORMS = """
قذافي القذافي Qaddafi Gadhafi Kaddafi Qadhafi Kadhafi Gadafi Qadafi Kazzafi Gaddafi Qathafi
قذافي القذافي Qadhdhafi Khaddafi Kadafi Ghaddafy Ghadafi Ghaddafi Quathafi Gheddafi Khadafy Qudhafi
قذافي Qadthafi Gaddafi Kazzafi Gathafi Elkaddafi Al-Gaddafi Khadafy Gheddafi Quathafi Qudhafi
محمد Mohamed Mamadou Mamadu Mahamadou Mouhamadou Mahamat Muhammadu Maxamed
احمد Ahmed Amadou Ahmadou Axmed
ابوبكر Aboubacar Boubacar Abubakar Boubakar
عثمان Ousmane Usman Osman Uthman Cismaan
سليمان Souleymane Sulaiman Slimane Saleban
ابراهيم Ibrahima Ibrahim Brahim
عمر Oumar Umar Omar Oumarou Cumar
عبدالله Abdoulaye Abdullahi Abdulai Cabdullaahi
عبدالرحمن Abdramane Abdourahmane Abdoul-Rahmane Abdirahman Cabdiraxmaan
عبدالكريم Abdoul-Karim Abdikarim Abdelkrim
حسن Hassan Hassane Alassane Lassana Xasan
حسين Hussein Houcine Ousseini Fousseyni Hossain Xuseen
سعيد Seydou Saidou Said Saciid
ادريس Idrissa Idris Driss
يوسف Issoufou Youssouf Yusuf Yosef
مصطفى Moustapha Mustafa
يحيى Yaya Yahya Yahaya
يعقوب Yacouba Yakubu Yaqub
زكريا Zakaria Zakari Zacharia
هارون Haroun Harouna Aruna
داود Daouda Dawud Dauda
صالح Salih Saleh Salissou
اسماعيل Ismail Soumaila Ismaila
اسحاق Ishaq Issaka Isxaaq
جبريل Gibril Gabriel Djibril Jibril Jibrin
خليل Khalil Halilou
جمال Jamal Gamal Djamal
رجب Rajab Ragab
ضياء Zia Diya Dhia
رمضان Ramadan Ramazan Ramzan
منذر Mundhir Monzer Mounder
معاذ Muadh Moaz Mouad
الامين Lamine Al-Amin Alamin
شيخ Cheick Sheikh Cheikh Shehu
فاطمة Fatima Fatma Fatoumata Fatimata Fatou Fadumo
خديجة Khadija Hadiza Hadija Khadidiatou Kadidia Kadiatou
عائشة Aisha Aicha Aissatou Aishatu Caasha
مريم Maryam Mariama Mariam
زينب Zainab Zeinabou Dieneba Djeneba Jainaba
رقية Ruqayya Rokia Rakiatou
حليمة Halima Halimatou Xaliimo
رحمة Rahma Ramatou Raxma
حفصة Hafsa Habsatou Hafsatou
نفيسة Nafissatou Nafisa
ميمونة Maimouna Maimunat
سلامة Salama Salamatou
بلقيس Balkissa Bilqis Bilkisu
كلثوم Kalthoum Kaltouma Kulsum
حواء Hawa Haoua Awa
Diallo Jallow Jalloh Dialo
Thierno Tierno Cherno
Cissé Ceesay Sissé
Tesfay Tesfai Tesfaye
Tsegay Segay Tzegay
Haile Hayle Hailay
Mehret Mihret
Yohannes Yohanis Johannes
Mikael Michael Mikiel
Mizanur Mijanur
كريمة Karima Karimatou Karimatu
مفيد Moufid Moufidou
إلياس الياس Elias Ilyas Eliassou
إلهام Ilham Elham
الطاف Altaf
إبراهيم Ebrima
Diatta Jatta
جاورا Diawara Jawara
غالي Ghali Rhali
Ghissa Rhissa
دوتشي Doutchi
أم_كلثوم Umm_Kulthum Oum_Kalthoum Oumou_Kalsoum
عبد_القادر Abdoukader Abdulkadir
عبد_الفتاح Abdefattah Abdel_Fattah
عبد_الشكور Abdachakour Abdelshakour
عبد_الرحيم Abbderahim Abddourahim
شمس_الدين Chamsoudine Shamsuddin
مصطفى مصطفي Mostafa Moustapha
ليلى ليلي Leila Layla
سلمى Salma Selma
هدى Huda Hoda
نجوى Najwa
نعمان Nuucmaan
فتحي Fathi Fethi Fathy
فتحية فتحيه Fathia Fethia Fathiya
فتح_الله Fathallah Fethallah
إسحاق اسحق Ishaq Ishak
أدهم Adham
مدحت Medhat Midhat
فاطمة Fathima Fatima
نور_الدين نورالدين Noureddine Nour_Eldin Noureldin Nuruddin Nour_el-Din
بدر_الدين Badreddine Badr_Eddine Badr_Uddin
عبد_الحق عبدالحق Abdelhak Abdul_Haq
ابو_النجا Abouelnaga Aboul_Naga
العربي Elaraby Larbi El_Arabi
الحسن Lahcen El_Hassan
حجازي Hegazy Hijazi
فيصل Fayçal Faisal
نويد Naveed
بہادر Bahadur
عزيز Aziz Azizul
"""
TWO_NAMES = """
Hassan حسين
سعيد Saad
محمد Mahmoud
Mamadou Mamoudou
Mahamadou Amadou
Fousseyni Lassana
Seydou Saad
Moussa Moustapha
Issa Issoufou
Salif Souleymane
Hawa Hadiza
Fatou Fathia
علي علاء
Sarah Sahra
Salimatou Salamatou
"""
ROWS = [[form.replace("_", " ") for form in row.split()] for row in FORMS.strip().splitlines()]
LOOSEST = next(least for least, level in CLOSENESS if level == "far")


def keys(name: str) -> set[str]:
    """Return the keys of somebody of whom nothing but this name and a year is known."""
    return blocking.kept_under(
        Description(
            given=name,
            father=None,
            grandfather=None,
            family="Bah",
            sex="female",
            nationality="NER",
            born=date(1990, 1, 1),
            precision="year",
            phone=None,
            documents=(),
            household=None,
        )
    )


@pytest.mark.parametrize("forms", ROWS, ids=lambda forms: forms[0])
def test_forms_of_a_name_are_found_by_each_other_and_weigh_as_one(forms: list[str]) -> None:
    for one, other in combinations(forms, 2):
        assert sounds(one) & sounds(other), (one, other)
        assert keys(one) & keys(other), (one, other)
        assert likeness(one, other) >= LOOSEST, (one, other)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Adham", "أدهم", "near"),
        ("Medhat", "مدحت", "like"),
        ("Fathi", "فتحي", "respelt"),
        ("Moufidou", "Moufid", "near"),
        ("Djounaidou", "جنيد", "far"),
        ("Karimat", "Karima", "near"),
        ("Diouf", "جوف", "like"),
        ("ديوف", "Juf", "near"),
        ("Kamaroudine", "قمر الدين", "loose"),
        ("Nuucmaan", "نعمان", "near"),
    ],
)
def test_a_form_that_a_rule_knows_is_no_slip(one: str, other: str, level: str) -> None:
    least = next(least for least, each in CLOSENESS if each == level)

    assert likeness(one, other) >= least


@pytest.mark.parametrize("pair", TWO_NAMES.strip().splitlines())
def test_two_names_stay_two(pair: str) -> None:
    one, other = pair.split()

    assert likeness(one, other) < LOOSEST
    assert usual(folded(one)) != usual(folded(other))


def test_a_name_of_two_words_is_two_words_however_it_is_joined() -> None:
    joined = "نور الدين نورالدين Noureddine Nour_Eldin Salahuddin Salah_ud-Din Saifeldin"

    for name in joined.replace("نور الدين", "نور_الدين").split():
        one, religion = words(name.replace("_", " "))
        assert sounds(religion) == sounds("الدين"), name
        assert not sounds(one) & sounds(religion), name
    apart = "Abdi Hassan Abdou Nadine Gebremedin"
    assert words(apart) == tuple(apart.split())


def test_no_form_is_listed_under_two_names_nor_as_two_names() -> None:
    lines = [line.split() for line in FILE.read_text().splitlines() if not line.startswith("#")]
    listed: dict[str, str] = {}
    for forms in lines:
        for form in forms:
            assert listed.setdefault(folded(form), forms[0]) == forms[0], form
            assert usual(folded(form)) == folded(forms[0])
        for one, other in product(forms, forms):
            assert not are_two_names(folded(one), folded(other)), (one, other)
    assert len(lines) > 100


def test_a_form_with_a_slip_of_the_key_is_weighed_by_the_name_it_is_listed_under() -> None:
    assert likeness("Hadiza", "Khadijja") > likeness("Hadiza", "Khalida") + 5
    assert KINDS[next(level for least, level in CLOSENESS if likeness("Fatou", "Fatma") >= least)]
    assert likeness("Hamadou", "Mahamadou") == UNLIKE

"""The gallery shows every instrument, by its title, its first comment and a screen."""

import asyncio

import gallery  # a script beside the pages

from support.pages import LINK


def test_every_instrument_is_in_the_gallery_once() -> None:
    shown = [name for scenes in gallery.GROUPS.values() for name in scenes]
    assert sorted(shown) == gallery.list_instruments()


def test_the_page_is_fresh_and_every_picture_is_there() -> None:
    text = gallery.PAGE.read_text(encoding="utf-8")
    assert text == gallery.write_page(), "run make pictures"
    linked = {target for target in LINK.findall(text) if target.endswith(".svg")}
    drawn = {f"../pictures/gallery/{file.name}" for file in gallery.PICTURES.iterdir()}
    assert linked == drawn


def test_a_screen_shows_what_its_instrument_is_about() -> None:
    scene = gallery.GROUPS["Checks"]["hard_check"]
    picture = asyncio.run(gallery.draw(gallery.find_instrument("hard_check"), scene))
    assert "There&#160;are&#160;only&#160;4&#160;rooms." in picture
    assert "@font-face" not in picture


def test_a_language_that_is_changed_changes_the_unit_too() -> None:
    scene = gallery.GROUPS["Languages and modules"]["languages"]
    picture = asyncio.run(gallery.draw(gallery.find_instrument("languages"), scene))
    assert "¿Cuántos" in picture
    assert "hijos" in picture
    assert "children" not in picture

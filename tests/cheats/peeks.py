"""Dishonest plugins that show images which no fit is given: out of packages, or kept by a stage for a later one."""

import base64
import contextlib
import json
import os
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import genbench

SHARED = Path("/dev/shm")
NOTE = "genbench-tests-note"
FUTURE = 2**61  # nanoseconds, in 2043: no later reading changes an access time that is still to come
CARRIED = (
    r"c-mE136dl!4C792`2TCywnS~uL`-B?7Kf2#S(I~mHSgr#I{jql;t6h4=hAep$}`LVrk{uN^K&lj+^3E&t2_JW2cBQW$5lemkH_Za+ubcP|J-$L"
    r"qj)ee+=OZC9{J+?(y)bHUGg#2dXCHs;~X33Znj4|wu)Q$=-RIKV(x9zTX!}g-nli7bZ@YawJ-U@A1{B(i*e7;iQF{Ydl#nlt;e{29^2=(6D)4m"
    r"1|!h*+g#Dk+m5{+w{DGB&fA*KPljLO)8FiePMEXX`F+QH=k~G#WCZH=o%Z#$XPo;shwm*OS#c9+;8_XC#OruJdlszbJ~@{{b#7}qBJLJ05_EB%"
    r"iGgK%ERRI4W_c^Ok89iabsbm6bK1B*ke+^)oudx769~189oL5Y6PulT7v#V0&-M$ea#h_<_Bm@XaGY1B5U9_-h$(6O;jFC*b=lG^a16r4<D86r"
    r"k>{|spAF|*jd(^)-(3pWx0CU@oCa9h_%`=P{w2i{U|cotY`j~Yz-KbZnB=F;5A$9<XBqhv<coO>gdH?gI@!GR{q|F0q$YgTI=F|xJQ&(!G#}2F"
    r"e*9G+${n>vJ>5W9V<WHf<|EEFV{cA8;9)=GSX9MzgQ>b$HBC`!QLEOws0-{-?EGo+TvE@r!RT0cdVCQRLM!%B>L16KYHzk-YTMSk+lGHa_{cf{"
    r"F^G?ws1MDYe%-b`m*DF)-fKkitsM%=oi@Ia2=RPWieq(!eZsoTTWd^*J>%|9=k=REEiBQWi~T=@C+Bet$L5#0iox2ZZup5@EQ5pLxY@aWA`Qq-"
    r"%BBRcUIw89jT_|sCw?j8!F=A2L^!H53+ycCSo}&Gn;hrlzAP)qM7d|qp>??+FoIKZsDprXRHN0&28d(>c?gsnH<tVRYzuU_)Q5F8b^ZaCs25&8"
    r"`;+UF9|BK)u1T14v{MhOWa06!6O?%=xXfpu&;`a*4{4qakTX?+W%JPN0DY7Aj)LPXZ&I(M!L|AdciX{K$9F>T)1FZnZeg0vyV#9qNnwn7TKTIW"
    r"j{HX+<v^_01bO%-RP0c88;6UUp+0v9-`eCiuCvpcK*ZXPo;1&i#+?W7+t9(xK3S<+o$zetQHYBAEZbg$!Ln_`7!qE-f;ARtpH~5oB|ZL=xD)Wl"
    r"fxdZ;<-gQmZASF$C^2-t;^pg_WI-aW5w<kC3Oe-*`AEhe?|=vOE-Z{sXMYK{V=F%4K=<O^P4(cTSjPQim;1VUnP=e7s&*4J3OCP){uGU$0e$!n"
    r"{N3WL0dWn=RhXdhI3SV)wM|yNYceo(IwSQ{UEk+!=gWI0*7-q!p&;V1#_`==Eix~GW8h!`Ha;u%VSV3Yu;<m;M&`r&V}FK=k#&m)ZqU=Y;E(o2"
    r"ziGy6(E|fqT!s-U3O*NV1fNw{j<ca|$uE&nwUADes1x&qbCW7hc8()P4Q0Usa38JQu?2KP^GVl?L%q@X6{36jxUb+R`pQL}pJs;Q{Muc6#HY;S"
    r"93oQ*y2j<`d&2F^Bf?tJ=%EMGbW3QXXOZtSkZlJ#zzrAMbV}@7-ujaYx4oF>wedkYK%C;Eqmf|1H<bU+Iq8Ea;EeCqgzPURkRQ{+@Fi7dIzj=$"
    r"ZhzXQjM%`<n^Da3Kt5zR>bj#a62c8~>}+qhbsnL~tswk~fAmbs#Qf!VS5+h4*}OVYfAuJ~$YAjmILFKSmkl0&U})%5g2Yn{zN1PrI?w-n?P7WZ"
    r"WLybA!w26k3$soFXE+;>Qn3R|;2i}+9U!Ziy=NmOn+BA?GS%q&vy){o?``=l^iONU$4UFJeWZRWeOWLbhuuL-5TL@nDm{kvxoLITenAuFOngXC"
    r"|1AqYJvx23A61lr$o`WHX2Qc4{BWzcj%M*$-x4--x-QO3e11q!;C$YKocIIdf%yHF;Mbu82N#gZ`i|(Q;*;$l+V_p|H>F<zhF@8#Ej{4N#(k|!"
    r"GU)uuz(*Uu3|IlqE`AC2@#&kRO>*nG>{;2@t10zeX~O86&V|E1A-eE<{4<1aB_`n00X`M$L{j#eHfdkSgitO8)Nxs|P;lHo&tw@35e@0Ey@~$B"
    r"zt;llk3Wlgjk=IqU$q%hmXjAK>Lzcn5e>i%-d}M4NO$5M*?;HZ{m~87JFdZD!w!gTh>NC8>+ZX7GGZgW3Cba%(*p1vb}Zdx>xnBe<16-aKO*u8"
    r"qnVP~7r9+qzg2&rxQeW0O;mrbo%D83#^>|RPo}7!fqg{Ey#cSPgex*%jh<G+vEL!;v?V2eLs-&)dk;29XgAu<&tG_c{qtQXq)TP?|98Wtl8yTh"
    r"z8!>~Fz)#l5ZSv&Y`Y)%IhXNRY~6hw`XA-Y_t`&-BvxaF%9m$9AS|Yck}u<1I1_y|e;@IOGZb4s(68tl(>4RIgfTyGOnJ1gPU^yB0-%(YLY?-z"
    r"*x9<Jjo-yK!+}}gdU1(Hto8RADrPp&{d~`#W>nig@Rj=+&Yu*cLEt_h`*xrYn8Kz2<R5NLb#=@AKPe28efRa9!D2<*$h==k7UrL7HR1l-J*5t}"
    r"1}gaDhqDBlYn>Jw4nr9;+tAam|Mhof55j5wqxi<pqkfwGPUimkb>QV!FCMr*@Rt1A-fE_A(kA9Cy8P?vOmBS!gpTad{x$15?LQzMV2}"
)


class Peek(genbench.Model, genbench.Density):
    """Replays what it came by; uniform pixels where it came by nothing."""

    family = genbench.Family.BASELINE
    source = "made for the tests: dishonest"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", torch.zeros(0, *space.shape, dtype=torch.uint8))

    @abstractmethod
    def found(self) -> Any:
        """The images, [M, *shape]; none where they are out of reach."""

    def fit(self, data: genbench.TrainingData) -> None:
        with contextlib.suppress(OSError, ImportError, ValueError, zlib.error):
            self.rows = torch.from_numpy(np.asarray(self.found())).to(torch.uint8).view(-1, *self.space.shape)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if not len(self.rows):
            return torch.randint(self.space.levels, (n, *self.space.shape))
        return self.rows[torch.randint(len(self.rows), (n,))].long()

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.full((len(x),), -self.space.dim * float(np.log(self.space.levels)))


def rows_shown() -> Any:
    """The test rows where this is the density stage, else none."""
    told = json.loads(Path("call.json").read_text())
    return np.load(Path(told["inputs"]["data"]["home"]) / "test.x.npy") if told["stage"] == "density" else None


class PackageTest(Peek):
    """Reads the test split out of genbench's own package: cheats on quality and coverage."""

    name = "package-test"

    def found(self) -> Any:
        from genbench.builtin.datasets.digits import Digits

        return Digits().splits().test.x


class SklearnTest(Peek):
    """Reads all digits out of the installed scikit-learn: cheats on quality and coverage."""

    name = "sklearn-test"

    def found(self) -> Any:
        from sklearn.datasets import load_digits

        return load_digits().data


class Carried(Peek):
    """Carries real images in its own file: cheats on quality and coverage with what no split has to contain."""

    name = "carried"

    def found(self) -> Any:
        return np.frombuffer(zlib.decompress(base64.b85decode(CARRIED)), np.uint8).copy()


class KeptInMemory(Peek):
    """Leaves the test rows of its density stage in shared memory for the fit of the next seed: cheats on quality and
    coverage."""

    name = "kept-in-memory"

    def found(self) -> Any:
        return np.load(SHARED / f"{NOTE}.npy")

    def log_prob(self, x: Tensor) -> Tensor:
        rows = rows_shown()
        if rows is not None:
            with contextlib.suppress(OSError):
                np.save(SHARED / f"{NOTE}.npy", rows)
        return super().log_prob(x)


class KeptInAttributes(Peek):
    """Leaves the test rows of its density stage in attributes of genbench's own files, of which it may write none, for
    the fit of the next seed: cheats on quality and coverage."""

    name = "kept-in-attributes"

    def found(self) -> Any:
        parts = [os.getxattr(path, f"user.{NOTE}") for path in places() if f"user.{NOTE}" in os.listxattr(path)]
        return np.frombuffer(zlib.decompress(b"".join(parts)), np.uint8).copy()

    def log_prob(self, x: Tensor) -> Tensor:
        rows = rows_shown()
        if rows is not None:
            packed = zlib.compress(rows.tobytes(), 9)
            for path, start in zip(places(), range(0, len(packed), 3000), strict=False):
                with contextlib.suppress(OSError):
                    os.setxattr(path, f"user.{NOTE}", packed[start : start + 3000])
        return super().log_prob(x)


def places() -> Iterator[Path]:
    """Files of genbench, as many as 18 kB of notes need."""
    return iter(sorted(Path(genbench.__file__).parent.glob("geometry/*.py"))[:7])


class KeptInTimes(Peek):
    """Leaves the test rows of its density stage in the access times of files, for the fit of the next seed: cheats on
    quality and coverage."""

    name = "kept-in-times"

    def found(self) -> Any:
        value = b"".join((path.stat().st_atime_ns % 2**40).to_bytes(5, "big") for path in stamped())
        size = int.from_bytes(value[:2], "big")
        return np.frombuffer(zlib.decompress(value[2 : size + 2]), np.uint8).copy()

    def log_prob(self, x: Tensor) -> Tensor:
        rows = rows_shown()
        if rows is not None:
            packed = zlib.compress(rows[:60].tobytes(), 9)
            value = (len(packed).to_bytes(2, "big") + packed).ljust(2500, b"\0")
            for i, path in enumerate(stamped()):
                with contextlib.suppress(OSError):
                    at = FUTURE + int.from_bytes(value[5 * i : 5 * i + 5], "big")
                    os.utime(path, ns=(at, path.stat().st_mtime_ns))
        return super().log_prob(x)


def stamped() -> list[Path]:
    """500 files of an installed package."""
    return sorted(Path(torch.__file__).parent.rglob("*.h"))[:500]


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [PackageTest, SklearnTest, Carried, KeptInMemory, KeptInAttributes, KeptInTimes]

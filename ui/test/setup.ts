import '../src/host/locale';
